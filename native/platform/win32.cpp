#include <windows.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "platform/file.h"
#include "platform/library.h"
#include "platform/parent.h"

namespace paligemma {

namespace {

HANDLE handle_of(intptr_t handle) {
    return reinterpret_cast<HANDLE>(handle);
}

// errno's message for `code`, the same on every system, or Windows' own if there is none.
std::string words_for(DWORD code) {
    const std::error_condition condition =
        std::system_category().default_error_condition(static_cast<int>(code));
    if (condition.category() == std::generic_category()) return condition.message();
    wchar_t text[512];
    DWORD length =
        FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, code, 0,
                       text, static_cast<DWORD>(std::size(text)), nullptr);
    while (length > 0 && (text[length - 1] <= L' ' || text[length - 1] == L'.')) --length;
    return length > 0 ? to_utf8(std::wstring(text, length)) : "error " + std::to_string(code);
}

// Windows accepts more than 260 characters only in an absolute path without "..", with this prefix.
std::wstring long_path(const std::filesystem::path& path) {
    constexpr std::wstring_view LONG = LR"(\\?\)";
    if (path.native().starts_with(LONG)) return path.native();
    std::error_code ignored;
    std::filesystem::path whole = std::filesystem::absolute(path, ignored);
    if (whole.empty()) whole = path;
    std::wstring text = whole.lexically_normal().make_preferred().native();
    if (text.size() < MAX_PATH) return text;
    if (text[1] == L':') return std::wstring(LONG) + text;
    const bool is_share = text.starts_with(LR"(\\)") && text[2] != L'.';
    return is_share ? std::wstring(LONG) + L"UNC" + text.substr(1) : text;
}

}  // namespace

File::File(const std::string& path)
    // Other processes may write, rename and remove it meanwhile, as on other systems. The last flag
    // opens folders too, so that status() can tell what it is.
    : handle_(reinterpret_cast<intptr_t>(
          CreateFileW(long_path(to_path(path)).c_str(), GENERIC_READ,
                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                      OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr))) {
    const DWORD error = GetLastError();
    if (handle_of(handle_) == INVALID_HANDLE_VALUE) throw std::runtime_error(words_for(error));
}

File::~File() {
    CloseHandle(handle_of(handle_));
}

FileStatus File::status() const {
    const DWORD type = GetFileType(handle_of(handle_));
    if (type == FILE_TYPE_PIPE) return {.kind = FileKind::pipe};
    BY_HANDLE_FILE_INFORMATION info{};
    if (type != FILE_TYPE_DISK || !GetFileInformationByHandle(handle_of(handle_), &info)) return {};
    const auto join = [](DWORD high, DWORD low) { return uint64_t{high} << 32 | low; };
    const bool is_folder = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    return {is_folder ? FileKind::directory : FileKind::regular,
            join(info.nFileSizeHigh, info.nFileSizeLow),
            static_cast<int64_t>(
                join(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime))};
}

uint64_t File::read(void* into, uint64_t offset, uint64_t n) const {
    OVERLAPPED place{};
    place.Offset = static_cast<DWORD>(offset);
    place.OffsetHigh = static_cast<DWORD>(offset >> 32);
    DWORD got = 0;
    const auto size = static_cast<DWORD>(std::min<uint64_t>(n, 1u << 30));
    if (ReadFile(handle_of(handle_), into, size, &got, &place)) return got;
    const DWORD error = GetLastError();
    if (error == ERROR_HANDLE_EOF) return 0;
    throw std::runtime_error(words_for(error));
}

void File::drop_cache(uint64_t, uint64_t) const {}

std::filesystem::path to_path(std::string_view utf8) {
    return std::u8string(utf8.begin(), utf8.end());
}

std::string to_utf8(const std::filesystem::path& path) {
    const std::u8string text = path.u8string();
    return {text.begin(), text.end()};
}

Library::Library(const std::filesystem::path& path) {
    // A missing library must not open a window.
    DWORD mode = 0;
    SetThreadErrorMode(SEM_FAILCRITICALERRORS, &mode);
    handle_ = LoadLibraryExW(long_path(path).c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    const DWORD error = GetLastError();
    SetThreadErrorMode(mode, nullptr);
    if (handle_ == nullptr) throw std::runtime_error(words_for(error));
}

Library::~Library() {
    if (!kept_) FreeLibrary(static_cast<HMODULE>(handle_));
}

void* Library::symbol(const char* name) const {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

std::filesystem::path own_folder() {
    HMODULE module = nullptr;
    GetModuleHandleExW(
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
        reinterpret_cast<LPCWSTR>(&own_folder), &module);
    std::wstring name(32768, L'\0');  // the longest path of Windows
    name.resize(GetModuleFileNameW(module, name.data(), static_cast<DWORD>(name.size())));
    return std::filesystem::path(name).parent_path();
}

void exit_with_parent(int) {}

}  // namespace paligemma
