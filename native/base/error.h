// The one exception type of native/, with the stable codes the TypeScript side knows. No ggml, no
// Node.
#pragma once
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace paligemma {

// src/errors.ts lists the same names; test/binding/contract.test.ts compares the two lists.
enum class ErrorCode {
    ModelNotFound,
    ModelFormat,
    ModelTruncated,
    ModelCorrupt,
    ModelChanged,
    ModelLimit,
    ModelArch,
    ModelAdapter,
    TensorMissing,
    TensorSurplus,
    TensorShape,
    TensorType,
    TokenizerFormat,
    ImageCorrupt,
    ImageTooLarge,
    PromptTooLong,
    OptionType,
    OptionRange,
    OutOfMemory,
    DeviceUnavailable,
    Disposed,
    Aborted,
    EngineNumeric,
    EngineInternal,
};

// "ERR_MODEL_FORMAT" and so on; static storage.
const char* to_string(ErrorCode code);
std::span<const ErrorCode> all_error_codes();

// What the user can do, where a program, a command line and a server say it in different words;
// src/remedies.ts has them under the same names.
enum class Remedy {
    None,
    Convert,
    ConvertOriginal,
    ConvertSmaller,
    MaskCodec,
    Doctor,
    NameVisionPart,
    NameTextPart,
    IsVisionPart,
    MaxTokens,
    CheckTensors,
    KvType,
};

// "convert-smaller" and so on, "" for None; static storage.
const char* to_string(Remedy remedy);
// All but None.
std::span<const Remedy> all_remedies();

// The facts of an error, all optional: the name of a tensor, key, option or file; what was found;
// what was expected; what the user can do, as words or as a remedy.
struct ErrorFacts {
    std::string name = {};
    std::string found = {};
    std::string expected = {};
    std::string hint = {};
    Remedy remedy = Remedy::None;
};

class Error : public std::exception {
  public:
    // `message` is a whole sentence without the hint.
    Error(ErrorCode code, std::string message, ErrorFacts facts = {});

    const char* what() const noexcept override { return message_.c_str(); }
    ErrorCode code() const noexcept { return code_; }
    const std::string& message() const noexcept { return message_; }
    const ErrorFacts& facts() const noexcept { return facts_; }

  private:
    ErrorCode code_;
    std::string message_;
    ErrorFacts facts_;
};

// An error whose message is made of its facts: "NAME is FOUND, expected EXPECTED".
Error mismatch(ErrorCode code, std::string name, std::string found, std::string expected);

}  // namespace paligemma
