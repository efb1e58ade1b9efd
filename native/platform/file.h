// Files and paths. A path in a string is UTF-8 on every system. Implemented in posix.cpp and
// win32.cpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace paligemma {

enum class FileKind { regular, directory, pipe, socket, device };

struct FileStatus {
    FileKind kind = FileKind::device;
    uint64_t size = 0;  // bytes
    int64_t mtime = 0;  // only for comparison: the unit depends on the system
};

// A file open for reading, at any offset, from any thread.
class File {
  public:
    // Throws std::runtime_error with the system's reason. Never waits for a writer of a pipe.
    explicit File(const std::string& path);
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    // Of the open file, even if its name refers to another by now. Empty when unknown.
    FileStatus status() const;
    // At least one byte, at most `n`; 0 at the end. Throws std::runtime_error.
    uint64_t read(void* into, uint64_t offset, uint64_t n) const;
    // Drops these bytes from the page cache.
    void drop_cache(uint64_t offset, uint64_t n) const;

  private:
    intptr_t handle_;
};

std::filesystem::path to_path(std::string_view utf8);
std::string to_utf8(const std::filesystem::path& path);

}  // namespace paligemma
