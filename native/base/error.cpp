#include "base/error.h"

#include <utility>

namespace paligemma {

namespace {

constexpr ErrorCode ALL[] = {
    ErrorCode::ModelNotFound,   ErrorCode::ModelFormat,       ErrorCode::ModelTruncated,
    ErrorCode::ModelCorrupt,    ErrorCode::ModelChanged,      ErrorCode::ModelLimit,
    ErrorCode::ModelArch,       ErrorCode::ModelAdapter,      ErrorCode::TensorMissing,
    ErrorCode::TensorSurplus,   ErrorCode::TensorShape,       ErrorCode::TensorType,
    ErrorCode::TokenizerFormat, ErrorCode::ImageCorrupt,      ErrorCode::ImageTooLarge,
    ErrorCode::PromptTooLong,   ErrorCode::OptionType,        ErrorCode::OptionRange,
    ErrorCode::OutOfMemory,     ErrorCode::DeviceUnavailable, ErrorCode::Disposed,
    ErrorCode::Aborted,         ErrorCode::EngineNumeric,     ErrorCode::EngineInternal,
};

constexpr Remedy REMEDIES[] = {
    Remedy::Convert,   Remedy::ConvertOriginal, Remedy::ConvertSmaller, Remedy::MaskCodec,
    Remedy::Doctor,    Remedy::NameVisionPart,  Remedy::NameTextPart,   Remedy::IsVisionPart,
    Remedy::MaxTokens, Remedy::CheckTensors,    Remedy::KvType,
};

}  // namespace

const char* to_string(Remedy remedy) {
    switch (remedy) {
        case Remedy::None:
            return "";
        case Remedy::Convert:
            return "convert";
        case Remedy::ConvertOriginal:
            return "convert-original";
        case Remedy::ConvertSmaller:
            return "convert-smaller";
        case Remedy::MaskCodec:
            return "mask-codec";
        case Remedy::Doctor:
            return "doctor";
        case Remedy::NameVisionPart:
            return "name-vision-part";
        case Remedy::NameTextPart:
            return "name-text-part";
        case Remedy::IsVisionPart:
            return "is-vision-part";
        case Remedy::MaxTokens:
            return "max-tokens";
        case Remedy::CheckTensors:
            return "check-tensors";
        case Remedy::KvType:
            return "kv-type";
    }
    return "";
}

std::span<const Remedy> all_remedies() {
    return REMEDIES;
}

const char* to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::ModelNotFound:
            return "ERR_MODEL_NOT_FOUND";
        case ErrorCode::ModelFormat:
            return "ERR_MODEL_FORMAT";
        case ErrorCode::ModelTruncated:
            return "ERR_MODEL_TRUNCATED";
        case ErrorCode::ModelCorrupt:
            return "ERR_MODEL_CORRUPT";
        case ErrorCode::ModelChanged:
            return "ERR_MODEL_CHANGED";
        case ErrorCode::ModelLimit:
            return "ERR_MODEL_LIMIT";
        case ErrorCode::ModelArch:
            return "ERR_MODEL_ARCH";
        case ErrorCode::ModelAdapter:
            return "ERR_MODEL_ADAPTER";
        case ErrorCode::TensorMissing:
            return "ERR_MODEL_TENSOR_MISSING";
        case ErrorCode::TensorSurplus:
            return "ERR_MODEL_TENSOR_SURPLUS";
        case ErrorCode::TensorShape:
            return "ERR_MODEL_TENSOR_SHAPE";
        case ErrorCode::TensorType:
            return "ERR_MODEL_TENSOR_TYPE";
        case ErrorCode::TokenizerFormat:
            return "ERR_TOKENIZER_FORMAT";
        case ErrorCode::ImageCorrupt:
            return "ERR_IMAGE_CORRUPT";
        case ErrorCode::ImageTooLarge:
            return "ERR_IMAGE_TOO_LARGE";
        case ErrorCode::PromptTooLong:
            return "ERR_PROMPT_TOO_LONG";
        case ErrorCode::OptionType:
            return "ERR_OPTION_TYPE";
        case ErrorCode::OptionRange:
            return "ERR_OPTION_RANGE";
        case ErrorCode::OutOfMemory:
            return "ERR_OUT_OF_MEMORY";
        case ErrorCode::DeviceUnavailable:
            return "ERR_DEVICE_UNAVAILABLE";
        case ErrorCode::Disposed:
            return "ERR_DISPOSED";
        case ErrorCode::Aborted:
            return "ERR_ABORTED";
        case ErrorCode::EngineNumeric:
            return "ERR_ENGINE_NUMERIC";
        case ErrorCode::EngineInternal:
            return "ERR_ENGINE_INTERNAL";
    }
    return "ERR_ENGINE_INTERNAL";
}

std::span<const ErrorCode> all_error_codes() {
    return ALL;
}

Error::Error(ErrorCode code, std::string message, ErrorFacts facts)
    : code_(code), message_(std::move(message)), facts_(std::move(facts)) {}

Error mismatch(ErrorCode code, std::string name, std::string found, std::string expected) {
    std::string message = name + " is " + found + ", expected " + expected;
    return Error(code, std::move(message),
                 {.name = std::move(name),
                  .found = std::move(found),
                  .expected = std::move(expected),
                  .hint = {}});
}

}  // namespace paligemma
