// Names what a file that is not a GGUF looks like, so that the error names what was downloaded.
// Only guesses from the first bytes; nothing here decides whether a file is accepted.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace paligemma {

struct FileKind {
    std::string_view found;  // "a zip archive (…)"; empty when nothing is recognised
    std::string_view hint;
    Remedy remedy = Remedy::None;
};

inline FileKind guess_file_kind(std::span<const uint8_t> head) {
    using namespace std::string_view_literals;
    constexpr std::string_view DOWNLOAD =
        "Download the file again and check the address and the access rights";
    constexpr std::string_view PICTURE =
        "A model file is expected here; pictures go to tasks such as caption";
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());

    if (text.empty()) return {"an empty file", DOWNLOAD};
    if (text.starts_with("version https://git-lfs"))
        return {"a Git LFS pointer instead of the file",
                "Fetch the file itself with: git lfs pull"};

    // Signatures: APPNOTE.TXT (zip), Python's pickletools (PROTO), numpy/lib/format.py, HDF5 and
    // gzip specifications, llama.cpp's file formats before GGUF, whose magic was a little-endian
    // integer.
    struct Signature {
        std::string_view bytes;
        FileKind kind;
    };
    static constexpr Signature SIGNATURES[] = {
        {"PK\x03\x04"sv,
         {"a zip archive (a NumPy .npz or a PyTorch checkpoint?)", {}, Remedy::Convert}},
        {"PK\x05\x06"sv, {"an empty zip archive", DOWNLOAD}},
        {"\x80\x02"sv, {"a Python pickle (an old PyTorch checkpoint?)", {}, Remedy::Convert}},
        {"\x80\x03"sv, {"a Python pickle", {}, Remedy::Convert}},
        {"\x80\x04"sv, {"a Python pickle", {}, Remedy::Convert}},
        {"\x80\x05"sv, {"a Python pickle", {}, Remedy::Convert}},
        {"\x93NUMPY"sv, {"a NumPy .npy array", {}, Remedy::Convert}},
        {"\x89HDF\r\n"sv, {"an HDF5 file", {}}},
        {"\x1F\x8B"sv, {"a gzip archive", "Unpack it first"}},
        {"\xFF\xD8\xFF"sv, {"a JPEG picture", PICTURE}},
        {"\x89PNG\r\n"sv, {"a PNG picture", PICTURE}},
        {"GIF8"sv, {"a GIF picture", PICTURE}},
        {"II*\0"sv, {"a TIFF picture", PICTURE}},
        {"MM\0*"sv, {"a TIFF picture", PICTURE}},
        {"%PDF"sv, {"a PDF document", PICTURE}},
        {"lmgg"sv, {"a GGML file from before GGUF", {}, Remedy::Convert}},
        {"fmgg"sv, {"a GGMF file from before GGUF", {}, Remedy::Convert}},
        {"tjgg"sv, {"a GGJT file from before GGUF", {}, Remedy::Convert}},
        {"\0\0\0\0\0\0\0\0"sv,
         {"a file that begins with zero bytes (an interrupted download?)", DOWNLOAD}},
    };
    for (const Signature& s : SIGNATURES)
        if (text.starts_with(s.bytes)) return s.kind;

    // safetensors: the length of the header as a 64-bit integer, then a JSON object
    if (head.size() > 8 && head[8] == '{' && head[4] == 0 && head[5] == 0 && head[6] == 0 &&
        head[7] == 0)
        return {"a safetensors file", {}, Remedy::Convert};
    // ONNX is a protobuf: ir_version (field 1, a small integer), then producer_name, graph or
    // opset_import
    if (head.size() > 2 && head[0] == 0x08 && head[1] < 64 &&
        (head[2] == 0x12 || head[2] == 0x3A || head[2] == 0x42))
        return {"an ONNX model", {}, Remedy::ConvertOriginal};

    std::string begin;
    size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (at < text.size() && (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r'))) at++;
    for (size_t i = at; i < text.size() && i < at + 16; i++)
        begin += text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (begin.starts_with("<!doctype") || begin.starts_with("<html") || begin.starts_with("<head"))
        return {"an HTML page (a sign-in or error page saved as a model?)", DOWNLOAD};
    if (begin.starts_with("<?xml"))
        return {"an XML document (an error message of a storage service?)", DOWNLOAD};
    if (begin.starts_with("{"))
        return {"a JSON text (the config of a checkpoint?)", {}, Remedy::Convert};
    return {};
}

}  // namespace paligemma
