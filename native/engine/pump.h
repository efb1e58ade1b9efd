// The single worker that owns a model while there is work. Other threads post and cancel requests;
// the pump runs them round-robin, one bounded step each, and ends when none is left. Knows nothing
// of what a request does.
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
    // When the pump may run this request.
    enum class Gate {
        Alone,   // only when no other request runs: loading, disposing
        Shared,  // together with others
    };
    enum class Step { More, Waiting, Finished };

    explicit Request(uint64_t id) : id(id) {}
    virtual ~Request() = default;
    virtual Gate gate() const { return Gate::Shared; }
    // Does a bounded piece of work. Waiting: it needs what another request holds; try again after
    // the others. Throws Error; then fail() is called and the request is over.
    virtual Step step() = 0;
    // The only other way to end. Called at most once, never after Finished.
    virtual void fail(const class Error& error) = 0;

    const uint64_t id;
    std::atomic<int> cancel_flag{0};  // CancelReason
};

class Pump {
  public:
    // Whether there is work, and how many steps were done so far. A pump that has work and does no
    // step is stuck: every step is bounded, but for loading, which reports its progress.
    struct Pulse {
        bool busy;
        uint64_t steps;
    };

    // `start` is called on the posting thread whenever a worker is needed; it must get run() called
    // once, elsewhere.
    explicit Pump(std::function<void()> start) : start_(std::move(start)) {}

    // Any thread. After close() the request fails at once with Disposed.
    void post(std::shared_ptr<Request> request);
    // Any thread. No effect when the request is over.
    void cancel(uint64_t id, CancelReason reason = CancelReason::Aborted);
    // Any thread. Cancels everything and refuses later requests; `last`, if any, runs when all
    // others are over. Returns false, and drops `last`, when it was closed before.
    bool close(std::shared_ptr<Request> last);

    // The worker. Returns when there is no request left.
    void run();
    // Any thread, without waiting for any other.
    Pulse pulse() const { return {running_.load(), n_steps_.load()}; }
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
    std::atomic<bool> running_{false};  // written under the mutex
    bool closed_ = false;
    std::atomic<uint64_t> n_steps_{0};

    std::list<std::shared_ptr<Request>> requests_;  // the worker's own, in order of arrival
};

}  // namespace paligemma
