// The facade of the running system: one Engine per loaded model. The best first read in native/.
//
// Threads: any thread may post, cancel, close and ask for info or the tokenizer. The model itself
// is touched only by the worker that calls run(), of which there is at most one at a time (pump.h).
// Results come back through the Listener, on the worker's thread, or on the posting thread when a
// request is refused.
#pragma once
#include <algorithm>
#include <cmath>
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
#include "models/networks.h"
#include "sampling/sampler.h"
#include "text/tokenizer.h"

namespace paligemma {

// Threads that compute in each stage, at least 1.
struct StageThreads {
    int encode, prefill, decode;
    int most() const { return std::max({encode, prefill, decode}); }
};

// NativeLoadParams of src/native/contract.ts, which documents the fields.
struct LoadParams {
    std::vector<std::string> paths;
    NetworkParams networks;
    StageThreads n_threads;
    int n_slots;
    int n_ctx;            // 0: as in the file
    std::string kv_type;  // "f16", "f32" or "q8_0"
    uint64_t feature_cache_bytes;
    ConfigOverrides overrides;
};

struct PromptParams {
    std::vector<std::vector<uint8_t>>
        images;  // image_size * image_size * 3 bytes each, interleaved
    std::string prompt;
};

struct GenerateParams : PromptParams {
    int max_tokens;  // 0: up to DEFAULT_MAX_TOKENS, or what fits
    SamplingParams sampling;
    std::string pattern;  // see Grammar; empty: anything
    // Texts for speculative decoding: label texts, one of which is tried after `draft_after`
    // loc/seg tokens in a row, in the same step as those. Accepted tokens cost no step; the answer
    // is the same either way.
    std::vector<std::string> drafts;
    int draft_after = 0;
    // Report the probabilities of all loc tokens with each of them, and `presence`.
    bool loc_probabilities;
    // At this presence or above a box begins, below it the answer ends. Negative: the sampled token
    // decides.
    float min_presence = -1;
    bool stop_at_repetition;
};

// How likely each of several answers is.
struct ScoreParams : PromptParams {
    std::vector<std::string> candidates;
};

// Runs these tokens and keeps every intermediate; for parity tests.
struct TraceParams {
    std::vector<uint8_t> image;
    std::vector<int32_t> prefix, suffix;
};

// Bytes; they grow with use.
struct ModelMemory {
    uint64_t weights = 0, kv_cache = 0, compute = 0, feature_cache = 0;
};

struct ModelInfo {
    std::string architecture, name, variant, device, device_description;
    int version = 0, n_threads = 0, n_slots = 0, n_ctx = 0;
    int image_size = 0, patch_size = 0, n_image_tokens = 0, n_vocab = 0;
    uint64_t file_bytes = 0;
    std::map<std::string, double> text, vision;
    std::map<std::string, uint64_t> weight_types;  // bytes in the file
    std::map<std::string, uint64_t> kernels;       // bytes in memory by what reads them
    std::map<std::string, std::string> features;
    ModelMemory memory;  // as it was when the model was loaded
    bool has_mask_codec = false;
};

struct TokenEvent {
    SampledToken token;
    std::string text;  // the characters it completes
    // For a loc token when asked for: the model's probability of each of them.
    std::vector<float> loc_probabilities = {};
    // With the token that begins a box, where the answer could have ended instead: the probability
    // that a box begins, of these two. Else NaN.
    float presence = NAN;
};

// Tokens and milliseconds of a prompt.
struct PromptCosts {
    int n_prompt = 0, n_image = 0, n_completion = 0, n_cached_images = 0;
    double queue_ms = 0, encode_ms = 0, prefill_ms = 0, decode_ms = 0;
};

enum class FinishReason { Stop, Length, Repetition };
const char* to_string(FinishReason reason);  // "stop", "length", "repetition"

struct GenerateResult : PromptCosts {
    FinishReason finish_reason = FinishReason::Stop;
    // Log-probability of the end where the model ended; 0 where it was cut off.
    float end_logprob = 0;
    // The presence of one more box where the model ended; NaN where it was cut off.
    float end_presence = NAN;
    std::string tail;  // text still held back at the end
};

struct ScoreResult : PromptCosts {
    struct Candidate {
        std::vector<int32_t> tokens;
        std::vector<float> logprobs;  // of each token, then of the end
    };
    std::vector<Candidate> candidates;
};

struct FeaturesResult {
    std::vector<float> data;  // [n_tokens, width] row-major
    int n_tokens = 0, width = 0;
};

struct DecodedMasks {
    std::vector<float> data;  // [n, 64, 64], about -1 to 1; above 0 is inside
};

struct EncodedMasks {
    std::vector<int32_t> codes;  // [n, 16], 0 to 127
};

using Outcome = std::variant<std::monostate, ModelInfo, GenerateResult, ScoreResult, FeaturesResult,
                             Taps, DecodedMasks, EncodedMasks>;

class Listener {
  public:
    virtual ~Listener() = default;
    virtual void on_progress(uint64_t id, uint64_t done, uint64_t total) = 0;
    virtual void on_token(uint64_t id, TokenEvent event) = 0;
    virtual void on_done(uint64_t id, Outcome outcome) = 0;      // the last event of a request,
    virtual void on_error(uint64_t id, const Error& error) = 0;  // or this one
};

class ServingModel;

class Engine {
  public:
    static constexpr int DEFAULT_MAX_TOKENS = 256;
    // Of one candidate of score(), in tokens.
    static constexpr size_t MAX_CANDIDATE_TOKENS = 256;
    // A prompt is refused above this before it is tokenized: no context holds as much text.
    static constexpr size_t MAX_PROMPT_BYTES = 256 << 10;

    // `listener` must outlive the engine. `start`: see Pump.
    Engine(Listener& listener, std::function<void()> start);
    ~Engine();

    // Ids are the caller's and define the order of arrival: of two waiting requests the one with
    // the smaller id is first. Each request ends with exactly one on_done or on_error.
    void load(uint64_t id, LoadParams params);
    void generate(uint64_t id, GenerateParams params);
    void score(uint64_t id, ScoreParams params);
    void encode(uint64_t id, std::vector<uint8_t> image);
    void trace(uint64_t id, TraceParams params);
    // The mask codec: codes [n, 16] -> DecodedMasks, masks [n, 64, 64] in 0 to 1 -> EncodedMasks.
    // Limits: MaskCodec::check.
    void decode_masks(uint64_t id, std::vector<int32_t> codes);
    void encode_masks(uint64_t id, std::vector<float> masks);
    void cancel(uint64_t id) { pump_.cancel(id); }
    // Cancels everything with Disposed and frees the model; `id` ends when that is done.
    void dispose(uint64_t id);
    // The same without an answer, for when no listener is left.
    void close();
    // Cancels everything and refuses later requests; the destructor frees the model.
    void close_without_freeing() { pump_.close(nullptr); }

    // Does all that is posted, on the calling thread, whose state (thread_state.h) it neither
    // depends on nor changes.
    void run();
    void wait_idle() { pump_.wait_idle(); }
    Pump::Pulse pulse() const { return pump_.pulse(); }

    // Null before the model is loaded.
    std::shared_ptr<const Tokenizer> tokenizer() const;
    ModelInfo info() const;
    ModelMemory memory() const;

  private:
    friend class LoadRequest;
    friend class DisposeRequest;
    friend class ModelRequest;
    static void check_prompt(const PromptParams& params);
    void update_memory();

    Listener& listener_;
    std::unique_ptr<ServingModel> model_;  // the worker's
    mutable std::mutex mutex_;             // guards the three below
    std::shared_ptr<const Tokenizer> tokenizer_;
    ModelInfo info_;
    ModelMemory used_;
    Pump pump_;
};

}  // namespace paligemma
