#include "compute/model_file.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/error.h"

namespace paligemma {

namespace {

constexpr uint64_t SMALL_FILE_BYTES = 256u << 20;

const char* words_for(FileKind kind) {
    switch (kind) {
        case FileKind::directory:
            return "a directory";
        case FileKind::pipe:
            return "a pipe";
        case FileKind::socket:
            return "a socket";
        default:
            return "a device";
    }
}

File open_file(const std::string& path) try {
    return File(path);
} catch (const std::runtime_error& error) {
    const std::string reason = error.what();
    throw Error(ErrorCode::ModelNotFound, "cannot open " + path + ": " + reason,
                {.name = path, .found = reason, .expected = "a readable GGUF file", .hint = {}});
}

}  // namespace

ModelFile::ModelFile(std::string path)
    : path_(std::move(path)), file_(open_file(path_)), status_(file_.status()) {
    if (status_.kind == FileKind::regular) return;
    const char* found = words_for(status_.kind);
    throw Error(ErrorCode::ModelFormat, path_ + " is " + found + ", expected a GGUF file",
                {.name = path_,
                 .found = found,
                 .expected = "a GGUF file",
                 .remedy = status_.kind == FileKind::directory ? Remedy::Convert : Remedy::None});
}

void ModelFile::read(void* into, uint64_t offset, uint64_t n) const {
    auto* out = static_cast<uint8_t*>(into);
    auto refuse = [&](const std::string& what) {
        throw Error(ErrorCode::ModelTruncated, path_ + what,
                    {.name = path_,
                     .found = std::to_string(offset) + " bytes",
                     .expected = std::to_string(offset + n) + " bytes",
                     .hint = {}});
    };
    while (n > 0) {
        uint64_t got = 0;
        try {
            got = file_.read(out, offset, n);
        } catch (const std::runtime_error& error) {
            refuse(std::string(" cannot be read: ") + error.what());
        }
        if (got == 0) refuse(" ends at byte " + std::to_string(offset));
        out += got;
        offset += got;
        n -= got;
    }
}

void ModelFile::require_unchanged() const {
    const FileStatus now = file_.status();
    if (now.size == status_.size && now.mtime == status_.mtime) return;
    throw Error(ErrorCode::ModelChanged, path_ + " changed while it was in use",
                {.name = path_,
                 .found = std::to_string(now.size) + " bytes",
                 .expected = std::to_string(status_.size) + " bytes, unchanged",
                 .hint = "load the model again"});
}

void ModelFile::drop_cache(uint64_t offset, uint64_t n) const {
    // A small file may stay cached for the next load.
    if (status_.size >= SMALL_FILE_BYTES) file_.drop_cache(offset, n);
}

GgufFile ModelFile::parse() const {
    const GgufLimits limits;
    std::vector<uint8_t> head(std::min<uint64_t>(status_.size, limits.metadata_bytes));
    read(head.data(), 0, head.size());
    return GgufFile::parse(head, status_.size, path_, limits);
}

}  // namespace paligemma
