#include "addon/jobs.h"

#include <functional>
#include <optional>
#include <thread>

#include "addon/convert/convert.h"
#include "addon/js_error.h"
#include "compute/quantize.h"
#include "compute/weights.h"
#include "image/resize.h"
#include "models/model_files.h"
#include "platform/thread_state.h"

namespace paligemma {

namespace {

// Runs `work` on the threadpool and settles a promise with what it returns.
template <typename Result>
class Job : public Napi::AsyncWorker {
  public:
    Job(Napi::Env env, std::function<Result()> work)
        : Napi::AsyncWorker(env),
          deferred_(Napi::Promise::Deferred::New(env)),
          work_(std::move(work)) {}

    // Keeps a buffer of the caller alive until the promise settles.
    void hold(const Napi::Value& value) { held_ = Napi::Persistent(value.As<Napi::Object>()); }
    Napi::Promise promise() const { return deferred_.Promise(); }

  protected:
    void Execute() override {
        const FloatScope floats;
        try {
            result_.emplace(work_());
        } catch (const Error& error) {
            error_.emplace(error);
        } catch (const std::bad_alloc&) {
            error_.emplace(ErrorCode::OutOfMemory, "the process has no memory left");
        } catch (const std::exception& error) {
            error_.emplace(ErrorCode::EngineInternal, error.what());
        }
    }
    // Every call into JavaScript is guarded: the worker thread may be terminating.
    void OnOK() override {
        try {
            Napi::HandleScope scope(Env());
            try {
                guarded(Env(), [&] {
                    if (error_) throw *error_;
                    deferred_.Resolve(js::from(Env(), *result_));
                });
            } catch (const Napi::Error& error) {
                deferred_.Reject(error.Value());
            }
        } catch (const Napi::Error&) {
        }
    }

  private:
    Napi::Promise::Deferred deferred_;
    Napi::ObjectReference held_;
    std::function<Result()> work_;
    std::optional<Result> result_;
    std::optional<Error> error_;
};

template <typename Result>
Napi::Value start(Napi::Env env, std::function<Result()> work,
                  std::optional<Napi::Value> held = std::nullopt) {
    auto* job = new Job<Result>(env, std::move(work));  // deletes itself when done
    if (held) job->hold(*held);
    Napi::Promise promise = job->promise();
    job->Queue();
    return promise;
}

}  // namespace

Napi::Value inspect_file(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        std::string path = js::to_text(info[0], "path");
        return start<GgufFile>(info.Env(), [path] { return ModelFile(path).parse(); });
    });
}

Napi::Value load_vocabulary(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto paths = js::to_texts(info[0], "paths");
        return start<std::shared_ptr<const Tokenizer>>(
            info.Env(), [paths] { return ModelFiles(paths, {}).tokenizer(); });
    });
}

Napi::Value resize_pixels(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        const auto pixels = js::to_bytes(info[0], "pixels");
        const int64_t width = js::to_integer(info[1], "width"),
                      height = js::to_integer(info[2], "height"),
                      size = js::to_integer(info[3], "size");
        return start<std::vector<uint8_t>>(
            info.Env(), [=] { return resize_bicubic(pixels, width, height, size); }, info[0]);
    });
}

Napi::Value quantize_rows(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
        auto type = [&](size_t i, const char* name) {
            const std::string text = js::to_text(info[i], name);
            const auto found = weight_type_from_name(text);
            if (!found) throw mismatch(ErrorCode::OptionRange, name, text, "one of weightTypes()");
            return *found;
        };
        const auto data = js::to_bytes(info[0], "data");
        const WeightType from = type(1, "from"), to = type(2, "to");
        const int64_t width = js::to_integer(info[3], "width"),
                      rows = js::to_integer(info[4], "rows");
        const int n_threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
        return start<std::vector<uint8_t>>(
            info.Env(), [=] { return quantize(data, from, to, width, rows, n_threads); }, info[0]);
    });
}

}  // namespace paligemma
