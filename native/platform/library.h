// Libraries that are loaded by their path. Implemented in posix.cpp and win32.cpp.
#pragma once
#include <filesystem>

namespace paligemma {

class Library {
  public:
    // Throws std::runtime_error with the linker's reason. What the library needs is looked for
    // beside it too: on Windows always, elsewhere where the library says so ($ORIGIN).
    explicit Library(const std::filesystem::path& path);
    // Unloads it, unless it is kept.
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    // Null when the library has no such symbol.
    void* symbol(const char* name) const;
    // From now on it stays until the process ends.
    void keep() { kept_ = true; }

  private:
    void* handle_;
    bool kept_ = false;
};

// Where the binary lies that this code is in; empty when the system does not say.
std::filesystem::path own_folder();

}  // namespace paligemma
