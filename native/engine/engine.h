// The running system behind one facade: one Engine per loaded model. The best first read in
// native/.
//
// Threads: any thread may post, cancel, close and ask for info or the tokenizer. The model itself
// is touched only by the worker that calls run(), of which there is at most one at a time (pump.h).
// Results come back through the Listener, on the worker's thread, or on the posting thread when a
// request is refused.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "compute/graph.h"
#include "engine/pump.h"
#include "sampling/sampler.h"
#include "text/tokenizer.h"

namespace paligemma {

// Field by field NativeLoadParams of src/native/contract.ts, which documents them.
struct LoadParams {
    std::vector<std::string> paths;
    std::string device;
    int n_threads;
    int n_slots;
    int n_ctx;  // 0: what the file says
    bool kv_f32;
    bool exact_gelu;
    bool check_tensors;
    uint64_t feature_cache_bytes;
    std::optional<float> attention_softcap, final_softcap;
};

struct GenerateParams {
    std::vector<std::vector<uint8_t>>
        images;  // image_size * image_size * 3 bytes each, interleaved
    std::string prompt;
    int max_tokens;  // 0: up to DEFAULT_MAX_TOKENS, or what fits
    SamplingParams sampling;
};

// Runs given tokens and keeps every intermediate; for parity tests.
struct TraceParams {
    std::vector<uint8_t> image;
    std::vector<int32_t> prefix, suffix;
};

struct ModelInfo {
    std::string architecture, name, variant, device, device_description;
    int version = 0, n_threads = 0, n_slots = 0, n_ctx = 0;
    int image_size = 0, patch_size = 0, n_image_tokens = 0, n_vocab = 0;
    uint64_t file_bytes = 0;
    std::map<std::string, double> text, vision;
    std::map<std::string, uint64_t> weight_types;  // bytes in the file
    std::map<std::string, std::string> features;
    uint64_t weights_bytes = 0, kv_cache_bytes = 0, compute_bytes = 0, feature_cache_bytes = 0;
    bool has_mask_codec = false;
};

struct TokenEvent {
    SampledToken token;
    std::string text;  // what became certain with it
};

struct GenerateResult {
    bool stopped = false;  // at the end-of-sequence token; else at max_tokens
    std::string tail;      // text still held back at the end
    int n_prompt = 0, n_image = 0, n_completion = 0, n_cached_images = 0;
    double queue_ms = 0, encode_ms = 0, prefill_ms = 0, decode_ms = 0;
};

struct FeaturesResult {
    std::vector<float> data;  // [n_tokens, width] row-major
    int n_tokens = 0, width = 0;
};

using Outcome = std::variant<std::monostate, ModelInfo, GenerateResult, FeaturesResult, Taps>;

class Listener {
  public:
    virtual ~Listener() = default;
    virtual void on_progress(uint64_t id, uint64_t done, uint64_t total) = 0;
    virtual void on_token(uint64_t id, TokenEvent event) = 0;
    virtual void on_done(uint64_t id, Outcome outcome) = 0;      // the last event of a request,
    virtual void on_error(uint64_t id, const Error& error) = 0;  // or this one
};

struct LoadedModel;

class Engine {
  public:
    static constexpr int DEFAULT_MAX_TOKENS = 256;
    // A prompt is refused above this before it is tokenized: no context holds as much text.
    static constexpr size_t MAX_PROMPT_BYTES = 256 << 10;

    // `listener` must outlive the engine. `start`: see Pump.
    Engine(Listener& listener, std::function<void()> start);
    ~Engine();

    // Ids are the caller's and give the order of arrival: of two requests that wait, the one with
    // the smaller id goes first. Each request ends with exactly one on_done or on_error.
    void load(uint64_t id, LoadParams params);
    void generate(uint64_t id, GenerateParams params);
    void encode(uint64_t id, std::vector<uint8_t> image);
    void trace(uint64_t id, TraceParams params);
    void cancel(uint64_t id) { pump_.cancel(id); }
    // Cancels everything with Disposed and frees the model; `id` ends when that is done.
    void dispose(uint64_t id);
    // The same without an answer, when nobody is left to read it.
    void close();
    // Cancels everything and refuses what comes later; the destructor frees the model.
    void close_without_freeing() { pump_.close(nullptr); }

    void run() { pump_.run(); }
    void wait_idle() { pump_.wait_idle(); }

    // Null before the model is loaded.
    std::shared_ptr<const Tokenizer> tokenizer() const;
    ModelInfo info() const;

  private:
    friend class LoadTask;
    friend class DisposeTask;
    friend class RequestTask;
    void update_info();

    Listener& listener_;
    std::unique_ptr<LoadedModel> model_;  // the worker's
    mutable std::mutex mutex_;            // guards the two below
    std::shared_ptr<const Tokenizer> tokenizer_;
    ModelInfo info_;
    Pump pump_;
};

}  // namespace paligemma
