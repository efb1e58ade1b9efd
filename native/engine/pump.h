// The one worker that owns a model while it has work. Others post requests and cancel them; the pump
// runs them in turns, a bounded step each, and ends when there is none left. Knows nothing of what
// a request does.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace paligemma {

enum class CancelReason : int { None = 0, Aborted, Disposed };

// One request. Everything but `cancel_flag` belongs to the pump.
class Request {
  public:
    // Why this request may not take its next step now.
    enum class Gate {
        Alone,    // only when no other request runs: loading, disposing
        Running,  // whenever its turn comes
    };
    enum class Step { More, Waiting, Finished };

    explicit Request(uint64_t id) : id(id) {}
    virtual ~Request() = default;
    virtual Gate gate() const { return Gate::Running; }
    // A bounded piece of work. Waiting: something another request holds is missing; try again after
    // the others' turn. Throws Error; then fail() is called and the request is over.
    virtual Step step() = 0;
    // The one other way to end. Called at most once, never after Finished.
    virtual void fail(const class Error& error) = 0;

    const uint64_t id;
    std::atomic<int> cancel_flag{0};  // CancelReason
};

class Pump {
  public:
    // `start` is called on the posting thread whenever a worker is needed; it must get run() called
    // once, elsewhere.
    explicit Pump(std::function<void()> start) : start_(std::move(start)) {}

    // Any thread. After close(): the request fails at once with Disposed, except for the one given to
    // close().
    void post(std::shared_ptr<Request> request);
    // Any thread. Nothing happens when the request is over.
    void cancel(uint64_t id, CancelReason reason = CancelReason::Aborted);
    // Any thread. Cancels everything and refuses what comes later; `last`, if any, runs after all
    // others ended.
    // False, and `last` is dropped, when it was closed before.
    bool close(std::shared_ptr<Request> last);

    // The worker. Returns when there is no request left.
    void run();
    // Blocks until no worker runs. Only for shutting down.
    void wait_idle();

  private:
    void admit();
    void give_up_if_stuck();

    std::function<void()> start_;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::deque<std::shared_ptr<Request>> incoming_;
    std::unordered_map<uint64_t, std::weak_ptr<Request>> by_id_;
    bool running_ = false;
    bool closed_ = false;

    std::list<std::shared_ptr<Request>> requests_;  // the worker's own, in order of arrival
};

}  // namespace paligemma
