// An Engine with threads of its own in place of libuv's pool, and its events in one place.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/engine.h"

namespace paligemma::test {

struct Answer {
    std::vector<int32_t> tokens;
    std::string text;
    std::optional<Outcome> outcome;
    std::optional<Error> error;
    bool over() const { return outcome.has_value() || error.has_value(); }
};

class EngineHost : public Listener {
  public:
    // `run` is what each thread does: it calls engine.run().
    explicit EngineHost(std::function<void(Engine&)> run = [](Engine& e) { e.run(); })
        : run_(std::move(run)), engine_(*this, [this] {
              std::lock_guard lock(threads_mutex_);
              threads_.emplace_back([this] { run_(engine_); });
          }) {}
    ~EngineHost() override {
        engine_.close();
        engine_.wait_idle();
        std::lock_guard lock(threads_mutex_);
        threads_.clear();  // joins
    }

    Engine& engine() { return engine_; }
    uint64_t next_id() {
        std::lock_guard lock(mutex_);
        return ++last_id_;
    }
    // Blocks until the request ended.
    Answer wait(uint64_t id) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return answers_[id].over(); });
        return answers_[id];
    }
    // Stops the engine at the nth token (from 1) of this request until `release`, so
    // that a test controls the order of events on any machine. Call it before
    // `generate`.
    void hold_at(uint64_t id, size_t n) {
        std::lock_guard lock(mutex_);
        held_ = {id, n};
    }
    void release() {
        std::lock_guard lock(mutex_);
        held_ = {};
        changed_.notify_all();
    }
    // Blocks until the request has generated `n` tokens or ended.
    void wait_tokens(uint64_t id, size_t n) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return answers_[id].over() || answers_[id].tokens.size() >= n; });
    }

    static LoadParams params(const std::string& path) {
        return {.paths = {path},
                .networks = {.device = "cpu",
                             .exact_gelu = false,
                             .kernels = "auto",
                             .check_tensors = false},
                .n_threads = {2, 2, 2},
                .n_slots = 2,
                .n_ctx = 0,
                .kv_type = "f16",
                .feature_cache_bytes = 1 << 20,
                .overrides = {}};
    }
    Answer load(LoadParams p) {
        const uint64_t id = next_id();
        engine_.load(id, std::move(p));
        return wait(id);
    }
    Answer generate(GenerateParams p) {
        const uint64_t id = next_id();
        engine_.generate(id, std::move(p));
        return wait(id);
    }

    void on_progress(uint64_t, uint64_t, uint64_t) override {}
    void on_token(uint64_t id, TokenEvent event) override {
        std::unique_lock lock(mutex_);
        answers_[id].tokens.push_back(event.token.id);
        token_order_.push_back(id);
        answers_[id].text += event.text;
        changed_.notify_all();
        const Held here{id, answers_[id].tokens.size()};
        changed_.wait(lock, [&] { return held_ != here; });
    }
    void on_done(uint64_t id, Outcome outcome) override {
        std::lock_guard lock(mutex_);
        if (answers_[id].over()) ++n_double_;
        answers_[id].outcome = std::move(outcome);
        changed_.notify_all();
    }
    void on_error(uint64_t id, const Error& error) override {
        std::lock_guard lock(mutex_);
        if (answers_[id].over()) ++n_double_;
        answers_[id].error = error;
        changed_.notify_all();
    }
    // The request of each token so far, in the order in which they came.
    std::vector<uint64_t> token_order() {
        std::lock_guard lock(mutex_);
        return token_order_;
    }
    // Requests that were answered twice: none may be.
    int n_double() {
        std::lock_guard lock(mutex_);
        return n_double_;
    }

  private:
    struct Held {
        uint64_t id = 0;
        size_t n = 0;
        bool operator==(const Held&) const = default;
    };
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<uint64_t, Answer> answers_;
    std::vector<uint64_t> token_order_;
    uint64_t last_id_ = 0;
    Held held_;
    int n_double_ = 0;
    std::function<void(Engine&)> run_;
    std::mutex threads_mutex_;
    std::vector<std::jthread> threads_;
    Engine engine_;
};

}  // namespace paligemma::test
