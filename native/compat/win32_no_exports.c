// Linked into ggml's base library on Windows. For MinGW ggml marks nothing as exported, so the
// linker exports everything, with it what Zig puts into every library; what links to this one would
// then get that twice. This names what not to export. Can go when ggml marks its functions for
// MinGW too (GGML_API in ggml.h).
__asm__(
    ".section .drectve,\"yn\"\n"
    ".ascii \" "
    "-exclude-symbols:_CRT_INIT,__mingw_module_is_dll,atexit,unw_getcontext,__unw_getcontext\"\n");
