#include "engine/pump.h"

#include <iterator>
#include <new>

#include "base/error.h"

namespace paligemma {

namespace {

Error cancelled(int reason) {
    if (reason == static_cast<int>(CancelReason::Disposed))
        return Error(ErrorCode::Disposed, "the model was disposed of", {});
    return Error(ErrorCode::Aborted, "the request was aborted", {});
}

// Reporting a failure needs memory too. If there is none left, a lost answer is better than a dead
// process.
void fail_quietly(Request& request, const Error& error) noexcept {
    try {
        request.fail(error);
    } catch (...) {
    }
}

// Runs one step and maps every exception to fail(). True when the request is over.
bool run_step(Request& request, bool& progressed) {
    try {
        if (const int reason = request.cancel_flag.load()) throw cancelled(reason);
        const auto step = request.step();
        // A step that the flag cut short must not count as done.
        if (step != Request::Step::Finished && request.cancel_flag.load() != 0)
            throw cancelled(request.cancel_flag.load());
        progressed |= step != Request::Step::Waiting;
        return step == Request::Step::Finished;
    } catch (const Error& error) {
        fail_quietly(request, error.code() == ErrorCode::Aborted && request.cancel_flag.load() != 0
                                  ? cancelled(request.cancel_flag.load())
                                  : error);
    } catch (const std::bad_alloc&) {
        fail_quietly(request, Error(ErrorCode::OutOfMemory, "the process has no memory left", {}));
    } catch (const std::exception& error) {
        fail_quietly(request, Error(ErrorCode::EngineInternal, error.what(), {}));
    } catch (...) {
        fail_quietly(request, Error(ErrorCode::EngineInternal, "unknown exception", {}));
    }
    progressed = true;
    return true;
}

}  // namespace

void Pump::post(std::shared_ptr<Request> request) {
    bool refused = false, start = false;
    {
        std::lock_guard lock(mutex_);
        refused = closed_;
        if (!refused) {
            by_id_[request->id] = request;
            incoming_.push_back(request);
            start = !running_;
            running_ = true;
        }
    }
    if (refused) request->fail(cancelled(static_cast<int>(CancelReason::Disposed)));
    if (start) start_();
}

void Pump::cancel(uint64_t id, CancelReason reason) {
    std::lock_guard lock(mutex_);
    auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    if (auto request = it->second.lock()) {
        int none = 0;
        request->cancel_flag.compare_exchange_strong(none, static_cast<int>(reason));
    }
}

bool Pump::close(std::shared_ptr<Request> last) {
    bool start = false;
    {
        std::lock_guard lock(mutex_);
        if (closed_) return false;
        closed_ = true;
        for (auto& [id, weak] : by_id_) {
            if (auto request = weak.lock()) {
                int none = 0;
                request->cancel_flag.compare_exchange_strong(
                    none, static_cast<int>(CancelReason::Disposed));
            }
        }
        if (last) {
            incoming_.push_back(std::move(last));
            start = !running_;
            running_ = true;
        }
    }
    if (start) start_();
    return true;
}

void Pump::admit() {
    std::lock_guard lock(mutex_);
    // By id: a request that was posted late, because its picture took long to decode, keeps its
    // place.
    for (auto& request : incoming_) {
        auto it = requests_.end();
        while (it != requests_.begin() && request->gate() == Request::Gate::Shared &&
               (*std::prev(it))->id > request->id)
            --it;
        requests_.insert(it, std::move(request));
    }
    incoming_.clear();
}

void Pump::run() {
    for (;;) {
        admit();
        bool progressed = false;
        for (auto it = requests_.begin(); it != requests_.end();) {
            const bool alone = (*it)->gate() == Request::Gate::Alone;
            // A request that runs alone waits for those before it and blocks those after it.
            if (alone && it != requests_.begin() && (*it)->cancel_flag.load() == 0) break;
            const bool over = run_step(**it, progressed);
            ++n_steps_;
            if (over) {
                {
                    std::lock_guard lock(mutex_);
                    by_id_.erase((*it)->id);
                }
                it = requests_.erase(it);
            } else {
                ++it;
            }
            if (alone && !over) break;
        }
        if (!progressed) give_up_if_stuck();
        std::lock_guard lock(mutex_);
        if (requests_.empty() && incoming_.empty()) {
            running_ = false;
            idle_.notify_all();
            return;
        }
    }
}

// A waiting request waits for another one in this list, which makes progress; if a bug breaks that,
// fail, do not spin.
void Pump::give_up_if_stuck() {
    {
        std::lock_guard lock(mutex_);
        if (!incoming_.empty()) return;
        for (auto& request : requests_) by_id_.erase(request->id);
    }
    for (auto& request : requests_)
        fail_quietly(*request, Error(ErrorCode::EngineInternal, "the engine waits for itself", {}));
    requests_.clear();
}

void Pump::wait_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return !running_; });
}

}  // namespace paligemma
