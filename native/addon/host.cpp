#include "addon/host.h"

#include <cstdlib>

#include "addon/convert/convert.h"
#include "addon/js_error.h"
#include "addon/libuv.h"
#include "addon/model_wrap.h"

namespace paligemma {

namespace {

void check(napi_env env, napi_status status) {
    if (status != napi_ok) throw Napi::Error::New(env);
}

// One run of the pump on libuv's threadpool.
struct PumpRun {
    std::shared_ptr<Host> host;
    void (Host::*ended)();
};

}  // namespace

Host::Host(Napi::Env env) : env_(env), engine_(*this, [this] { start_pump(); }) {}

std::shared_ptr<Host> Host::create(Napi::Env env, Napi::Function dispatch) {
    std::shared_ptr<Host> host(new Host(env));
    check(env, napi_get_uv_event_loop(env, &host->loop_));
    check(env, napi_create_threadsafe_function(env, dispatch, nullptr,
                                               Napi::String::New(env, "paligemma"), 0, 1, nullptr,
                                               nullptr, nullptr, deliver, &host->function_));
    // Idle models do not keep the process alive.
    check(env, napi_unref_threadsafe_function(env, host->function_));
    // After the function, so that this hook runs before the function's own.
    check(env, napi_add_async_cleanup_hook(env, clean_up, host.get(), &host->hook_));
    env.GetInstanceData<AddonState>()->hosts.insert(host.get());
    return host;
}

void Host::request_begin(const Napi::Object& owner) {
    if (n_requests_++ > 0) return;
    owner_ = Napi::Persistent(owner);
    napi_ref_threadsafe_function(env_, function_);
}

void Host::request_end() {
    if (--n_requests_ > 0 || shut_down_) return;
    napi_unref_threadsafe_function(env_, function_);
    owner_.Reset();
}

void Host::dispose(uint64_t id) {
    dispose_id_ = id;
    engine_.dispose(id);
}

void Host::start_pump() {
    auto* request = static_cast<uv_work_s*>(std::malloc(uv_req_size(UV_REQUEST_WORK)));
    if (request == nullptr) std::abort();  // a hundred bytes; nothing sensible is left to do
    uv_req_set_data(request, new PumpRun{shared_from_this(), &Host::pump_ended});
    ++n_pumps_;
    uv_queue_work(
        loop_, request,
        [](uv_work_s* r) { static_cast<PumpRun*>(uv_req_get_data(r))->host->engine().run(); },
        [](uv_work_s* r, int) {
            std::unique_ptr<PumpRun> run(static_cast<PumpRun*>(uv_req_get_data(r)));
            std::free(r);
            ((*run->host).*(run->ended))();
        });
}

void Host::pump_ended() {
    --n_pumps_;
    if (shut_down_) remove_hook_when_idle();
}

void Host::post(uint64_t id, std::variant<Progress, TokenEvent, Outcome, Error> what) {
    auto event = std::make_unique<Event>(Event{shared_from_this(), id, std::move(what)});
    std::lock_guard lock(mutex_);
    if (!alive_) return;
    // The queue has no limit, so this neither blocks nor fails for being full.
    if (napi_call_threadsafe_function(function_, event.get(), napi_tsfn_nonblocking) == napi_ok)
        (void)event.release();
}

void Host::on_progress(uint64_t id, uint64_t done, uint64_t total) {
    post(id, Progress{done, total});
}
void Host::on_token(uint64_t id, TokenEvent event) {
    post(id, std::move(event));
}
void Host::on_done(uint64_t id, Outcome outcome) {
    post(id, std::move(outcome));
}
void Host::on_error(uint64_t id, const Error& error) {
    post(id, error);
}

// NativeEvent of src/native/contract.ts.
Napi::Object Host::to_js(Napi::Env env, const Event& event) {
    Napi::Object js = Napi::Object::New(env);
    js.Set("id", Napi::Number::New(env, static_cast<double>(event.id)));
    if (auto* progress = std::get_if<Progress>(&event.what)) {
        js.Set("kind", "progress");
        js.Set("loaded", Napi::Number::New(env, static_cast<double>(progress->done)));
        js.Set("total", Napi::Number::New(env, static_cast<double>(progress->total)));
    } else if (auto* token = std::get_if<TokenEvent>(&event.what)) {
        js.Set("kind", "token");
        js.Set("token", js::from(env, *token));
    } else if (auto* outcome = std::get_if<Outcome>(&event.what)) {
        js.Set("kind", "done");
        js.Set("result", js::from(env, *outcome));
    } else {
        js.Set("kind", "error");
        js.Set("error", to_js_error(env, std::get<Error>(event.what)).Value());
    }
    return js;
}

// JavaScript thread. `env` is null when the environment is already being torn down (rule 4).
void Host::deliver(napi_env raw_env, napi_value dispatch, void*, void* data) {
    std::unique_ptr<Event> event(static_cast<Event*>(data));
    if (raw_env == nullptr || dispatch == nullptr) return;
    const bool is_last =
        std::holds_alternative<Outcome>(event->what) || std::holds_alternative<Error>(event->what);
    try {
        Napi::Env env(raw_env);
        Napi::HandleScope scope(env);
        // First, so that no failure below can keep the event loop alive forever (rule 5).
        if (is_last) event->host->request_end();
        Napi::Function(env, dispatch).Call({guarded(env, [&] { return to_js(env, *event); })});
    } catch (const Napi::Error&) {
        // A worker thread that is being terminated runs no more JavaScript. The dispatcher
        // itself never throws.
    } catch (...) {
        // No memory to report the answer.
    }
    if (is_last && event->id == event->host->dispose_id_) event->host->shut_down(false);
}

void Host::shut_down(bool free_model) {
    if (shut_down_) return;
    shut_down_ = true;
    if (auto* state = Napi::Env(env_).GetInstanceData<AddonState>()) state->hosts.erase(this);
    if (free_model) {
        engine_.close();
    } else {
        engine_.close_without_freeing();
    }
    {
        std::lock_guard lock(mutex_);
        alive_ = false;
        napi_release_threadsafe_function(function_, napi_tsfn_abort);
    }
    owner_.Reset();
    remove_hook_when_idle();
}

void Host::remove_hook_when_idle() {
    if (n_pumps_ > 0 || hook_ == nullptr) return;
    napi_remove_async_cleanup_hook(hook_);
    hook_ = nullptr;
}

// The environment is being torn down: cancel, and let it wait until the pump has ended (rule 6).
void Host::clean_up(napi_async_cleanup_hook_handle, void* data) {
    static_cast<Host*>(data)->shut_down(false);
}

}  // namespace paligemma
