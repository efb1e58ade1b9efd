#include <windows.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "platform/file.h"
#include "platform/library.h"

namespace paligemma {

namespace {

HANDLE handle_of(intptr_t handle) {
    return reinterpret_cast<HANDLE>(handle);
}

std::system_error last_error() {
    return {static_cast<int>(GetLastError()), std::system_category()};
}

// Windows takes more than 260 characters only of a whole path with this before it.
std::wstring long_path(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::path whole = std::filesystem::absolute(path, ignored).make_preferred();
    if (whole.empty()) whole = path;
    const std::wstring& text = whole.native();
    const bool is_plain_drive = text.size() > 2 && text[1] == L':';
    return text.size() < MAX_PATH || !is_plain_drive ? text : LR"(\\?\)" + text;
}

HMODULE own_module() {
    HMODULE module = nullptr;
    // Pinned as well: an addon loaded only in a worker would be unmapped when the worker ends,
    // under the feet of live threads.
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                       reinterpret_cast<LPCWSTR>(&own_module), &module);
    return module;
}

}  // namespace

File::File(const std::string& path)
    // Others may write, rename and remove it meanwhile, as on other systems. The last flag opens
    // folders too, so that status() can say what it is.
    : handle_(reinterpret_cast<intptr_t>(
          CreateFileW(long_path(to_path(path)).c_str(), GENERIC_READ,
                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                      OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr))) {
    if (handle_of(handle_) == INVALID_HANDLE_VALUE) throw last_error();
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
    if (GetLastError() == ERROR_HANDLE_EOF) return 0;
    throw last_error();
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
    const std::system_error error = last_error();
    SetThreadErrorMode(mode, nullptr);
    if (handle_ == nullptr) throw std::runtime_error(error.code().message());
}

Library::~Library() {
    if (!kept_) FreeLibrary(static_cast<HMODULE>(handle_));
}

void* Library::symbol(const char* name) const {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

std::filesystem::path own_folder() {
    std::wstring name(32768, L'\0');  // the longest path of Windows
    name.resize(GetModuleFileNameW(own_module(), name.data(), static_cast<DWORD>(name.size())));
    return std::filesystem::path(name).parent_path();
}

}  // namespace paligemma
