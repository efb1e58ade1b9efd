// What the addon takes from Node, on Windows. There a library names the program that a symbol comes
// from, and that need not be node.exe: Electron and single executables have names of their own. So
// the pointers that a linker would have filled for node.exe (__imp_NAME) are filled here, with what
// the running program exports.
#include <windows.h>

extern "C" {
#define NODE_SYMBOL(name) void* __imp_##name = nullptr;
#include <node_symbols.inc>
#undef NODE_SYMBOL
}

namespace {

void* exported(const char* name) {
    // Where Node is a library of the program, it is called so.
    HMODULE host = GetModuleHandleW(L"node.dll");
    if (host == nullptr) host = GetModuleHandleW(nullptr);
    return reinterpret_cast<void*>(GetProcAddress(host, name));
}

// Before Node calls anything here. What an older Node does not export stays null; nothing that is
// newer than NAPI_VERSION is called.
[[maybe_unused]] const bool filled = [] {
#define NODE_SYMBOL(name) __imp_##name = exported(#name);
#include <node_symbols.inc>
#undef NODE_SYMBOL
    return true;
}();

}  // namespace
