// Connects one Engine to one Node environment: runs its pump on libuv's threadpool, carries its
// events to the JavaScript thread, and tears both down safely however the environment ends.
//
// Lifetimes, which the functions below rely on:
// 1. A Host has three kinds of owners, each with a shared_ptr: its ModelWrap, each running pump
//    (PumpRun), each event on its way (Event). The last one to go frees it, on whichever thread;
//    so the destructor must not touch JavaScript.
// 2. Everything with an `env` runs on the JavaScript thread, and not after shut_down(): owner_ is
//    reset and function_ released there, while the environment still exists.
// 3. Other threads reach JavaScript only through function_, under mutex_ and only while alive_: a
//    thread-safe function must not be called while it is being released.
// 4. An event may outlive the environment: deliver() then gets a null env and only frees it.
// 5. function_ is referenced exactly while a request is open (request_begin to request_end), so an
//    idle model does not keep the process alive, nor is a busy one's wrapper collected.
// 6. The cleanup hook is removed when the last pump has ended, not before: until then Node waits
//    to tear down the environment, whose loop runs pump_ended().
#pragma once
#include <napi.h>

#include <memory>
#include <mutex>
#include <variant>

#include "engine/engine.h"

struct uv_loop_s;

namespace paligemma {

struct AddonState;

class Host : public Listener, public std::enable_shared_from_this<Host> {
  public:
    static std::shared_ptr<Host> create(Napi::Env env, Napi::Function dispatch);
    ~Host() override = default;

    Engine& engine() { return engine_; }
    // Engine::dispose; its answer also shuts this host down.
    void dispose(uint64_t id);

    // JavaScript thread, for each accepted request (rule 5). `owner`: the wrapper.
    void request_begin(const Napi::Object& owner);
    void request_end();

    // JavaScript thread, any number of calls: nothing is delivered afterwards and running work is
    // cancelled. With `free_model` a pump frees the model off this thread, else the last owner
    // does.
    void shut_down(bool free_model);

    void on_progress(uint64_t id, uint64_t done, uint64_t total) override;
    void on_token(uint64_t id, TokenEvent event) override;
    void on_done(uint64_t id, Outcome outcome) override;
    void on_error(uint64_t id, const Error& error) override;

  private:
    struct Progress {
        uint64_t done, total;
    };
    struct Event {
        std::shared_ptr<Host> host;
        uint64_t id;
        std::variant<Progress, TokenEvent, Outcome, Error> what;
    };

    explicit Host(Napi::Env env);
    void start_pump();
    void post(uint64_t id, std::variant<Progress, TokenEvent, Outcome, Error> what);
    void pump_ended();
    void remove_hook_when_idle();
    static Napi::Object to_js(Napi::Env env, const Event& event);
    static void deliver(napi_env env, napi_value dispatch, void* context, void* data);
    static void clean_up(napi_async_cleanup_hook_handle handle, void* data);

    napi_env env_;
    uv_loop_s* loop_ = nullptr;
    Engine engine_;

    std::mutex mutex_;  // guards the two below (rule 3)
    bool alive_ = true;
    napi_threadsafe_function function_ = nullptr;

    // Of the JavaScript thread only:
    int n_requests_ = 0;
    uint64_t dispose_id_ = 0;
    int n_pumps_ = 0;
    Napi::ObjectReference owner_;
    bool shut_down_ = false;
    napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace paligemma
