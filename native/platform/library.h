// Libraries that are loaded by their path. Implemented in posix.cpp and win32.cpp.
#pragma once
#include <filesystem>

namespace paligemma {

class Library {
  public:
    // Throws std::runtime_error with the linker's reason. Its dependencies are searched next to it
    // too: on Windows always, elsewhere if the library asks for it ($ORIGIN).
    explicit Library(const std::filesystem::path& path);
    // Unloads it, unless it is kept.
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    // Null when the library has no such symbol.
    void* symbol(const char* name) const;
    // From now on the library stays loaded until the process ends.
    void keep() { kept_ = true; }

  private:
    void* handle_;
    bool kept_ = false;
};

// The path of the binary that contains this code; empty when the system does not know.
std::filesystem::path own_folder();

}  // namespace paligemma
