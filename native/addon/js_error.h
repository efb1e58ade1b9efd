// The only place where paligemma::Error becomes a JavaScript error.
#pragma once
#include <napi.h>

#include "base/error.h"

namespace paligemma {

// An Error object with code, subject, found, expected, hint and remedy as src/errors.ts (NativeErrorShape)
// reads them.
Napi::Error to_js_error(Napi::Env env, const Error& error);

// Runs `body` and throws what it throws as a JavaScript exception.
template <typename Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const Error& error) {
        throw to_js_error(env, error);
    } catch (const std::bad_alloc&) {
        throw to_js_error(env, Error(ErrorCode::OutOfMemory, "the process has no memory left", {}));
    } catch (const Napi::Error&) {
        throw;
    } catch (const std::exception& error) {
        throw to_js_error(env, Error(ErrorCode::EngineInternal, error.what(), {}));
    }
}

}  // namespace paligemma
