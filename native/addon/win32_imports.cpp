// The addon's imports from Node, on Windows. There an import names the program that exports it,
// which need not be node.exe: Electron and single executables have names of their own. So the
// pointers that the loader would fill for node.exe (__imp_NAME) are filled here from the running
// program's exports.
#include <windows.h>

extern "C" {
#define NODE_SYMBOL(name) void* __imp_##name = nullptr;
#include <node_symbols.inc>
#undef NODE_SYMBOL
}

namespace {

HMODULE node() {
    // The program itself, or where Node is a library of it, that: its own build, then NW.js's.
    constexpr const wchar_t* NAMES[] = {nullptr, L"libnode.dll", L"node.dll"};
    for (const wchar_t* name : NAMES) {
        HMODULE module = GetModuleHandleW(name);
        if (module != nullptr && GetProcAddress(module, "napi_create_function") != nullptr)
            return module;
    }
    return nullptr;
}

// Before Node calls anything here. What an older Node does not export stays null; nothing that is
// newer than NAPI_VERSION is called.
[[maybe_unused]] const bool filled = [] {
    HMODULE host = node();
    auto exported = [host](const char* name) {
        return reinterpret_cast<void*>(GetProcAddress(host, name));
    };
#define NODE_SYMBOL(name) __imp_##name = exported(#name);
#include <node_symbols.inc>
#undef NODE_SYMBOL
    // An addon loaded only in a worker would be unmapped when the worker ends, while its
    // threads still run.
    HMODULE pinned = nullptr;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                       reinterpret_cast<LPCWSTR>(&node), &pinned);
    return true;
}();

}  // namespace
