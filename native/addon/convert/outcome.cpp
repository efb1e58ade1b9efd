#include "addon/convert/convert.h"

namespace paligemma::js {

namespace {

Napi::Value from(Napi::Env env, const DecodedMasks& masks) {
    return js::from(env, masks.data);
}

Napi::Value from(Napi::Env env, const EncodedMasks& masks) {
    return js::from(env, masks.codes);
}

}  // namespace

Napi::Value from(Napi::Env env, const Outcome& outcome) {
    return std::visit(
        [env](const auto& value) -> Napi::Value {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
                return env.Undefined();
            } else {
                return from(env, value);
            }
        },
        outcome);
}

}  // namespace paligemma::js
