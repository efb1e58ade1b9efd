/* Wine has this library of Windows from version 9 on, and libvips, which sharp brings, asks for its one function. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *buffer, unsigned long size); /* RtlGenRandom */

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, unsigned long long size) {
    return SystemFunction036(buffer, (unsigned long)size);
}
