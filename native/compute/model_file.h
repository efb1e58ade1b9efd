// The file of a model: opened, checked, read at any place.
#pragma once
#include <cstdint>
#include <string>

#include "compute/gguf_file.h"
#include "platform/file.h"

namespace paligemma {

// A regular file held open for reading, with the identity it had when it was opened.
class ModelFile {
  public:
    // Throws ModelNotFound (missing, unreadable), ModelFormat (not a regular file; empty). Never
    // blocks on a FIFO.
    explicit ModelFile(std::string path);

    const std::string& path() const { return path_; }
    uint64_t size() const { return status_.size; }
    // Exactly `n` bytes. Throws ModelTruncated when the file has become shorter. Any thread.
    void read(void* into, uint64_t offset, uint64_t n) const;
    // Throws ModelChanged when size or modification time differ from those at opening.
    void require_unchanged() const;
    // Drops these bytes from the page cache, so that they do not use memory twice.
    void drop_cache(uint64_t offset, uint64_t n) const;

    // Header and tensor table.
    GgufFile parse() const;

  private:
    std::string path_;
    File file_;
    FileStatus status_;
};

}  // namespace paligemma
