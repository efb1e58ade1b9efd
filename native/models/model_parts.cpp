#include "models/model_parts.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/error.h"

namespace paligemma {

namespace {

// As llama-gguf-split writes them (llama.cpp, src/llama-model-loader.cpp: LLM_KV_SPLIT_*).
constexpr const char* SPLIT_NO = "split.no";
constexpr const char* SPLIT_COUNT = "split.count";

uint64_t split_count(const GgufFile& file) {
    return file.get_uint(SPLIT_COUNT).value_or(1);
}

std::string part_name(uint64_t no, uint64_t count) {
    char text[64];
    std::snprintf(text, sizeof text, "NAME-%05u-of-%05u.gguf", static_cast<unsigned>(no + 1),
                  static_cast<unsigned>(count));
    return text;
}

Error incomplete(const GgufFile& file, uint64_t missing) {
    const uint64_t count = split_count(file);
    const uint64_t no = file.get_uint(SPLIT_NO).value_or(0);
    const std::string found =
        "part " + std::to_string(no + 1) + " of " + std::to_string(count) + " of a split model";
    return Error(
        ErrorCode::ModelNotFound,
        file.path() + " is " + found + ", part " + std::to_string(missing + 1) + " is not there",
        {.name = file.path(),
         .found = found,
         .expected = "all parts",
         .hint = "put all parts into one folder under their own names, " + part_name(0, count) +
                 " to " + part_name(count - 1, count) + ", and pass the first"});
}

void require_all_parts(std::span<const GgufFile> files) {
    for (size_t i = 0; i < files.size();) {
        const uint64_t count = split_count(files[i]);
        if (count <= 1) {
            i++;
            continue;
        }
        for (uint64_t part = 0; part < count; part++, i++) {
            // If the set ends early, the error names its last file.
            const GgufFile& file = files[std::min(i, files.size() - 1)];
            if (i == files.size() || split_count(file) != count ||
                file.get_uint(SPLIT_NO).value_or(0) != part)
                throw incomplete(i == files.size() || part > 0 ? files[i - 1] : file, part);
        }
    }
}

// A file that changes a model and is none: llama.cpp's LoRA files have the architecture of their
// base.
void refuse_adapters(std::span<const GgufFile> files) {
    for (const auto& file : files) {
        if (file.get_string("general.type").value_or("") != "adapter") continue;
        throw Error(ErrorCode::ModelAdapter,
                    file.path() + " is an adapter (LoRA), expected a model",
                    {.name = "general.type",
                     .found = "adapter",
                     .expected = "a model",
                     .hint = "merge it into the checkpoint it was trained on and convert that"});
    }
}

const GgufFile& text_file(std::span<const GgufFile> files) {
    std::string found;
    for (const auto& file : files) {
        const auto architecture = file.get_string("general.architecture");
        if (architecture == "gemma" || architecture == "gemma2") return file;
        // Of a split model only the first part has keys.
        if (!architecture && split_count(file) > 1) continue;
        found += (found.empty() ? "" : ", ") + architecture.value_or("none");
    }
    if (found.empty()) found = "none";
    throw Error(ErrorCode::ModelArch,
                "general.architecture is " + found + ", expected gemma or gemma2",
                {.name = "general.architecture",
                 .found = found,
                 .expected = "gemma (PaliGemma 1) or gemma2 (PaliGemma 2)",
                 .hint = found == "clip" ? "" : "only PaliGemma models can be loaded",
                 .remedy = found == "clip" ? Remedy::IsVisionPart : Remedy::None});
}

bool has_tensors(std::span<const GgufFile> files, std::string_view prefix) {
    return std::ranges::any_of(files, [&](const GgufFile& file) {
        return std::ranges::any_of(file.tensors(),
                                   [&](const GgufTensor& t) { return t.name.starts_with(prefix); });
    });
}

}  // namespace

const GgufFile& require_whole_model(std::span<const GgufFile> files) {
    refuse_adapters(files);
    require_all_parts(files);
    const GgufFile& text = text_file(files);
    if (!has_tensors(files, "v.")) {
        throw Error(ErrorCode::ModelArch,
                    text.path() + " is a text-only Gemma: a language model without a vision part",
                    {.name = "v.patch_embd.weight",
                     .found = "a text-only Gemma",
                     .expected = "PaliGemma with a vision part (clip.vision.* keys, v.* tensors)",
                     .remedy = Remedy::NameVisionPart});
    }
    if (!has_tensors(files, "blk.")) {
        throw Error(ErrorCode::ModelArch, text.path() + " holds a vision part only",
                    {.name = "blk.0.attn_q.weight",
                     .found = "a vision part",
                     .expected = "PaliGemma with a language model (blk.* tensors)",
                     .remedy = Remedy::NameTextPart});
    }
    return text;
}

}  // namespace paligemma
