#include "engine/engine.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/generator.h"
#include "engine/loaded_model.h"
#include "engine/stopwatch.h"

namespace paligemma {

const char* to_string(FinishReason reason) {
    switch (reason) {
        case FinishReason::Stop:
            return "stop";
        case FinishReason::Length:
            return "length";
        case FinishReason::Repetition:
            return "repetition";
    }
    return "";
}

class LoadTask : public Task {
  public:
    LoadTask(uint64_t id, Engine& engine, LoadParams params)
        : Task(id), engine_(engine), params_(std::move(params)) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        auto on_progress = [this, last = uint64_t{0}](uint64_t done, uint64_t total) mutable {
            // A hundred reports are enough for a progress bar.
            if (done < total && (done - last) * 100 < total) return;
            last = done;
            engine_.listener_.on_progress(id, done, total);
        };
        engine_.model_ = std::make_unique<LoadedModel>(params_, on_progress, cancel_flag);
        {
            std::lock_guard lock(engine_.mutex_);
            engine_.tokenizer_ = engine_.model_->tokenizer;
        }
        engine_.update_info();
        engine_.listener_.on_done(id, engine_.info());
        return Step::Finished;
    }
    void fail(const Error& error) override { engine_.listener_.on_error(id, error); }

  private:
    Engine& engine_;
    LoadParams params_;
};

class DisposeTask : public Task {
  public:
    DisposeTask(uint64_t id, Engine& engine, bool answer)
        : Task(id), engine_(engine), answer_(answer) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        engine_.model_.reset();
        if (answer_) engine_.listener_.on_done(id, std::monostate{});
        return Step::Finished;
    }
    void fail(const Error& error) override {
        if (answer_) engine_.listener_.on_error(id, error);
    }

  private:
    Engine& engine_;
    bool answer_;
};

// A request to a loaded model: holds the encode-and-prefill turn while it needs it, answers through
// the listener.
class RequestTask : public Task {
  public:
    RequestTask(uint64_t id, Engine& engine) : Task(id), engine_(engine) {}
    void fail(const Error& error) override {
        leave_prefill();
        engine_.listener_.on_error(id, error);
    }

  protected:
    LoadedModel& model() {
        if (!engine_.model_) throw Error(ErrorCode::Disposed, "no model is loaded", {});
        return *engine_.model_;
    }
    Listener& listener() { return engine_.listener_; }
    // The other way to end, besides fail(). A request may end while it still waits for its turn:
    // its features came into the cache meanwhile.
    Step finish(Outcome outcome) {
        leave_prefill();
        engine_.update_info();
        engine_.listener_.on_done(id, std::move(outcome));
        return Step::Finished;
    }
    // There is one set of hidden tensors: encodings and prefills take turns in order of arrival.
    // `is_ready` is asked when the turn has come; while it says no, nobody behind may overtake.
    template <typename IsReady>
    bool enter_prefill(IsReady&& is_ready) {
        LoadedModel& m = model();
        if (m.prefilling == this) return true;
        m.queued.insert(id);
        queued_ = true;
        if (m.prefilling != nullptr || *m.queued.begin() != id || !is_ready()) return false;
        m.queued.erase(id);
        m.prefilling = this;
        return true;
    }
    // Also part of fail(), which runs on the posting thread when a request is refused: then it was
    // never queued and the model, which is the worker's, is not touched.
    void leave_prefill() {
        if (!queued_) return;
        queued_ = false;
        model().queued.erase(id);
        if (model().prefilling == this) model().prefilling = nullptr;
    }
    void check_image(const std::vector<uint8_t>& image) {
        const auto size = static_cast<size_t>(model().config.vision.image_size);
        if (image.size() != size * size * 3) {
            throw mismatch(ErrorCode::ImageCorrupt, "image",
                           std::to_string(image.size()) + " bytes",
                           std::to_string(size * size * 3) + " bytes");
        }
    }

  private:
    Engine& engine_;
    bool queued_ = false;
};

class EncodeTask : public RequestTask {
  public:
    EncodeTask(uint64_t id, Engine& engine, std::vector<uint8_t> image)
        : RequestTask(id, engine), image_(std::move(image)) {}

    Step step() override {
        Features features;
        if (!encoder_) {
            check_image(image_);
            features = model().features.find(image_);
        }
        if (!features) {
            if (!enter_prefill([] { return true; })) return Step::Waiting;
            if (!encoder_)
                encoder_ = std::make_unique<PictureEncoder>(
                    model(), std::vector{std::span<const uint8_t>(image_)}, cancel_flag);
            if (!encoder_->step()) return Step::More;
            features = encoder_->features()[0];
            encoder_.reset();
            model().features.insert(std::move(image_), features);
        }
        return finish(FeaturesResult{*features, model().config.vision.n_patches(),
                                     model().config.text.n_embd});
    }

  private:
    std::vector<uint8_t> image_;
    std::unique_ptr<PictureEncoder> encoder_;
};

// Pictures and a prompt up to the first logits; what is asked of them is the derived class's.
// `Result` starts with PromptCosts.
template <typename Params, typename Result>
class PromptTask : public RequestTask {
  public:
    PromptTask(uint64_t id, Engine& engine, Params params)
        : RequestTask(id, engine), params_(std::move(params)) {}

    Step step() override {
        const double waited = watch_.lap();
        if (stage_ == Stage::Queued) result_.queue_ms += waited;
        switch (stage_) {
            case Stage::Queued:
                return begin();
            case Stage::Encode:
                return encode();
            case Stage::Prefill:
                return prefill();
            case Stage::Decode:
                return proceed();
        }
        return Step::Finished;
    }
    void fail(const Error& error) override {
        sequence_.reset();
        slot_.reset();
        RequestTask::fail(error);
    }

  protected:
    // Rows of the KV cache behind a prefix of n_prefix tokens. Checks the request as well.
    virtual int64_t prepare(int64_t n_prefix) = 0;
    // The prefix is there, sequence().logits() are those of the first token: one step of the rest.
    virtual Step proceed() = 0;

    Sequence& sequence() { return *sequence_; }
    Step finish_result() {
        sequence_.reset();
        return finish(std::move(result_));
    }

    Params params_;
    Result result_;
    Stopwatch watch_;

  private:
    enum class Stage { Queued, Encode, Prefill, Decode };

    Step begin() {
        if (prefix_.empty()) {
            for (const auto& image : params_.images) check_image(image);
            const ModelConfig& config = model().config;
            // Trailing newlines would merge with the separator in one code base and not in the
            // other (spec 4.1).
            while (params_.prompt.ends_with('\n')) params_.prompt.pop_back();
            prefix_ = model().tokenizer->encode(params_.prompt);
            prefix_.insert(prefix_.begin(), config.tokens.bos);
            prefix_.push_back(config.tokens.separator);
            result_.n_image = static_cast<int>(params_.images.size()) * config.vision.n_patches();
            result_.n_prompt = static_cast<int>(prefix_.size());
            n_behind_ = prepare(result_.n_image + result_.n_prompt);
        }
        const bool entered = enter_prefill([this] {
            slot_ = model().take_slot(result_.n_image + result_.n_prompt + n_behind_);
            return slot_ != nullptr;
        });
        if (!entered) return Step::Waiting;
        stage_ = Stage::Encode;
        return Step::More;
    }

    // One step of a batch of pictures that nobody has encoded yet, until there is none.
    Step encode() {
        if (!encoder_) gather_batch();
        if (encoder_) {
            const bool done = encoder_->step();
            result_.encode_ms += watch_.lap();
            if (!done) return Step::More;
            for (size_t i = 0; i < batch_.size(); ++i) {
                images_[batch_[i]] = encoder_->features()[i];
                model().features.insert(std::move(params_.images[batch_[i]]), images_[batch_[i]]);
            }
            encoder_.reset();
            return Step::More;
        }
        sequence_ = std::make_unique<Sequence>(model(), std::move(slot_), std::move(images_),
                                               prefix_, cancel_flag);
        stage_ = Stage::Prefill;
        return Step::More;
    }

    // Fills in what is in the cache; makes an encoder for the first pictures that are not, if any.
    // Of a picture that comes twice the second waits, and is found in the cache later.
    void gather_batch() {
        images_.resize(params_.images.size());
        batch_.clear();
        std::vector<std::span<const uint8_t>> pictures;
        for (size_t i = 0; i < images_.size(); ++i) {
            if (images_[i]) continue;
            const auto& pixels = params_.images[i];
            const bool is_known = std::any_of(batch_.begin(), batch_.end(), [&](size_t other) {
                return params_.images[other] == pixels;
            });
            if (is_known || batch_.size() == static_cast<size_t>(model().max_pictures())) continue;
            images_[i] = model().features.find(pixels);
            if (images_[i]) {
                ++result_.n_cached_images;
            } else {
                batch_.push_back(i);
                pictures.emplace_back(pixels);
            }
        }
        if (!batch_.empty())
            encoder_ = std::make_unique<PictureEncoder>(model(), std::move(pictures), cancel_flag);
    }

    Step prefill() {
        const bool done = sequence_->prefill_step();
        result_.prefill_ms += watch_.lap();
        if (!done) return Step::More;
        leave_prefill();
        stage_ = Stage::Decode;
        return proceed();
    }

    Stage stage_ = Stage::Queued;
    std::vector<int32_t> prefix_;
    int64_t n_behind_ = 0;
    SlotLease slot_;                // until the sequence takes it
    std::vector<Features> images_;  // null: not there yet
    std::vector<size_t> batch_;     // which of them the encoder has
    std::unique_ptr<PictureEncoder> encoder_;
    std::unique_ptr<Sequence> sequence_;
};

class GenerateTask : public PromptTask<GenerateParams, GenerateResult> {
  public:
    GenerateTask(uint64_t id, Engine& engine, GenerateParams params)
        : PromptTask(id, engine, std::move(params)), sampler_(params_.sampling) {}

  private:
    int64_t prepare(int64_t n_prefix) override {
        if (!params_.pattern.empty())
            grammar_ = std::make_unique<Grammar>(model().symbols(), params_.pattern, &cancel_flag);
        max_tokens_ = resolve_max_tokens(model(), n_prefix, params_.max_tokens);
        for (const std::string& text : params_.drafts) {
            auto tokens = model().tokenizer->encode(text);
            tokens.resize(std::min(tokens.size(), Sequence::MAX_DRAFT));
            if (!tokens.empty()) drafts_.push_back(std::move(tokens));
        }
        // Before any was said, the first is expected.
        said_ = drafts_.empty() ? 0 : drafts_.size() - 1;
        goes_on_ = true;
        return max_tokens_;
    }

    // Samples from the current logits and posts the token, or the end.
    Step proceed() override {
        const bool is_second_token = result_.n_completion == 1;
        if (sequence().is_pending() && !model().decoding->is_due(is_second_token))
            return Step::Waiting;
        const TokenIds& ids = model().config.tokens;
        const std::span<const float> logits = sequence().logits();
        watch_.lap();
        SampledToken token = sampler_.sample(logits, grammar_.get(), ids.eos);
        sampling_ms_ += watch_.lap();
        result_.decode_ms = sampling_ms_ + sequence().step_ms();
        if (token.id == ids.eos) {
            result_.end_logprob = token.logprob;
            return end(FinishReason::Stop);
        }
        if (!detokenizer_)
            detokenizer_ = std::make_unique<Detokenizer>(model().tokenizer->vocabulary());
        const bool is_loc =
            ids.first_loc >= 0 && token.id >= ids.first_loc && token.id < ids.first_loc + N_LOC;
        if (is_loc && params_.stop_at_repetition && begins_repetition())
            return end(FinishReason::Repetition);
        if (grammar_) grammar_->accept(token.id);
        tokens_.push_back(token.id);
        ++result_.n_completion;
        TokenEvent event{.token = std::move(token), .text = detokenizer_->push(tokens_.back())};
        if (is_loc && params_.loc_probabilities) {
            event.loc_probabilities.reserve(N_LOC);
            for (float logit : logits.subspan(ids.first_loc, N_LOC))
                event.loc_probabilities.push_back(
                    static_cast<float>(std::exp(logit - event.token.log_sum)));
        }
        listener().on_token(id, std::move(event));
        if (result_.n_completion == max_tokens_) return end(FinishReason::Length);
        sequence().append(tokens_.back(), draft());
        return Step::More;
    }

    // What will probably follow the last token. Where a label begins that is the one behind the one
    // said last, or the same again: whichever was right before.
    std::span<const int32_t> draft() {
        if (drafts_.empty()) return {};
        const TokenIds& ids = model().config.tokens;
        auto is_special = [&](int32_t id) {
            return (ids.first_loc >= 0 && id >= ids.first_loc && id < ids.first_loc + N_LOC) ||
                   (ids.first_seg >= 0 && id >= ids.first_seg && id < ids.first_seg + N_SEG);
        };
        const int32_t last = tokens_.back();
        if (is_special(last)) {
            if (++n_special_ != params_.draft_after) return {};
            const size_t expected = (said_ + (goes_on_ ? 1 : 0)) % drafts_.size();
            // The cache has rows for the longest answer, and no more.
            const auto room = static_cast<size_t>(max_tokens_ - result_.n_completion);
            return std::span(drafts_[expected]).first(std::min(drafts_[expected].size(), room));
        }
        if (n_special_ > 0) {
            n_special_ = 0;
            for (size_t step = 0; step < drafts_.size(); ++step) {
                const size_t i = (said_ + step) % drafts_.size();
                if (drafts_[i][0] != last) continue;
                goes_on_ = step > 0;
                said_ = i;
                break;
            }
        }
        return {};
    }

    Step end(FinishReason reason) {
        result_.finish_reason = reason;
        if (detokenizer_) result_.tail = detokenizer_->finish();
        return finish_result();
    }

    // A loc token comes next. Where it begins an instance: were the last ones, up to four, an exact
    // copy of as many before them? A model that says the same twice does not stop by itself.
    bool begins_repetition() {
        const TokenIds& ids = model().config.tokens;
        const bool is_first = tokens_.empty() || tokens_.back() < ids.first_loc ||
                              tokens_.back() >= ids.first_loc + N_LOC;
        if (!is_first) return false;
        instances_.push_back(tokens_.size());
        constexpr size_t LONGEST = 4;
        const size_t last = instances_.size() - 1;
        for (size_t n = 1; n <= LONGEST && 2 * n <= last; ++n) {
            const auto at = [&](size_t i) {
                return tokens_.begin() + static_cast<ptrdiff_t>(instances_[i]);
            };
            if (std::equal(at(last - 2 * n), at(last - n), at(last - n), at(last))) return true;
        }
        return false;
    }

    static constexpr int32_t N_LOC = 1024, N_SEG = 128;

    Sampler sampler_;
    std::unique_ptr<Grammar> grammar_;
    int max_tokens_ = 0;
    double sampling_ms_ = 0;
    std::vector<std::vector<int32_t>> drafts_;
    size_t said_ = 0;       // which of them came last
    bool goes_on_ = false;  // the one before that was another
    int n_special_ = 0;     // loc and seg tokens in a row, the last ones
    std::vector<int32_t> tokens_;
    std::vector<size_t> instances_;  // where in tokens_ each begins
    std::unique_ptr<Detokenizer> detokenizer_;
};

// All candidates behind one prefix, some at a time, sharing the tokens they begin with.
class ScoreTask : public PromptTask<ScoreParams, ScoreResult> {
  public:
    using PromptTask::PromptTask;

  private:
    // Tokens decoded together: one graph's worth.
    static constexpr size_t MAX_GROUP_TOKENS = 64;

    int64_t prepare(int64_t n_prefix) override {
        size_t longest = 1;
        for (const auto& text : params_.candidates) {
            auto& tokens = result_.candidates.emplace_back().tokens;
            tokens = model().tokenizer->encode(text);
            longest = std::max(longest, tokens.size());
            if (tokens.empty() || tokens.size() > Engine::MAX_CANDIDATE_TOKENS) {
                throw mismatch(ErrorCode::OptionRange, "candidate",
                               std::to_string(tokens.size()) + " tokens long",
                               "1 to " + std::to_string(Engine::MAX_CANDIDATE_TOKENS) + " tokens");
            }
            // A text can spell the placeholder of a picture, whose logit means nothing.
            const int32_t n_usable = model().config.tokens.n_usable;
            const int32_t last = *std::max_element(tokens.begin(), tokens.end());
            if (last >= n_usable) {
                throw mismatch(
                    ErrorCode::OptionRange, "candidate",
                    "a text with token " + std::to_string(last),
                    "tokens below " + std::to_string(n_usable) + ", which the model can say");
            }
        }
        resolve_max_tokens(model(), n_prefix, static_cast<int>(longest));
        return static_cast<int64_t>(std::max(longest, MAX_GROUP_TOKENS));
    }

    Step proceed() override {
        if (next_ == 0)
            first_logits_.assign(sequence().logits().begin(), sequence().logits().end());
        decode_group();
        result_.decode_ms += watch_.lap();
        if (next_ < result_.candidates.size()) return Step::More;
        return finish_result();
    }

    void decode_group() {
        struct Want {  // logprobs[at] of the candidate is that of `token`
            size_t candidate, at;
            int32_t token;
        };
        std::vector<int32_t> tokens, parents;
        std::map<std::pair<int32_t, int32_t>, int32_t> nodes;  // parent and token -> node
        std::map<int32_t, std::vector<Want>> wants;            // by the node before
        for (; next_ < result_.candidates.size(); ++next_) {
            auto& candidate = result_.candidates[next_];
            // At most as many new nodes as tokens.
            if (!tokens.empty() && tokens.size() + candidate.tokens.size() > MAX_GROUP_TOKENS)
                break;
            candidate.logprobs.resize(candidate.tokens.size() + 1);
            int32_t parent = -1;
            for (size_t i = 0; i < candidate.tokens.size(); ++i) {
                const int32_t token = candidate.tokens[i];
                wants[parent].push_back({next_, i, token});
                const auto [it, is_new] =
                    nodes.emplace(std::pair{parent, token}, static_cast<int32_t>(tokens.size()));
                if (is_new) {
                    tokens.push_back(token);
                    parents.push_back(parent);
                }
                parent = it->second;
            }
            wants[parent].push_back({next_, candidate.tokens.size(), model().config.tokens.eos});
        }
        result_.n_completion += static_cast<int>(tokens.size());
        auto visit = [&](int32_t node, std::span<const float> logits) {
            const double log_sum = Sampler::log_sum(logits);
            for (const Want& w : wants[node])
                result_.candidates[w.candidate].logprobs[w.at] =
                    static_cast<float>(logits[w.token] - log_sum);
        };
        visit(-1, first_logits_);
        sequence().branch(tokens, parents, [&](size_t node, std::span<const float> logits) {
            visit(static_cast<int32_t>(node), logits);
        });
    }

    std::vector<float> first_logits_;
    size_t next_ = 0;
};

class TraceTask : public RequestTask {
  public:
    TraceTask(uint64_t id, Engine& engine, TraceParams params)
        : RequestTask(id, engine), params_(std::move(params)) {}

    Gate gate() const override { return Gate::Alone; }
    Step step() override {
        check_image(params_.image);
        Taps taps;
        PictureEncoder encoder(model(), {params_.image}, cancel_flag, &taps);
        while (!encoder.step()) {
        }
        const int64_t n = model().config.vision.n_patches() +
                          static_cast<int64_t>(params_.prefix.size() + params_.suffix.size());
        resolve_max_tokens(model(), n, 0);
        Sequence sequence(model(), model().take_slot(n), encoder.features(), params_.prefix,
                          cancel_flag, &taps);
        while (!sequence.prefill_step()) {
        }
        for (int32_t token : params_.suffix) {
            sequence.append(token);
            sequence.logits();
        }
        return finish(std::move(taps));
    }

  private:
    TraceParams params_;
};

// Turns codes into masks or masks into codes, one in each step; needs no turn to prefill.
class MaskTask : public RequestTask {
  public:
    using RequestTask::RequestTask;

  protected:
    // Converts the next mask, `n_per_mask` numbers of `from`; true when all are in `to`.
    template <typename From, typename To, typename Convert>
    bool advance(const std::vector<From>& from, size_t n_per_mask, std::vector<To>& to,
                 Convert&& convert) {
        const std::span<const From> all(from);
        if (at_ == 0) model().mask_codec(cancel_flag).check(all);
        if (at_ < all.size()) {
            const std::vector<To> converted =
                convert(model().mask_codec(cancel_flag), all.subspan(at_, n_per_mask));
            to.insert(to.end(), converted.begin(), converted.end());
            at_ += n_per_mask;
        }
        return at_ == all.size();
    }

  private:
    size_t at_ = 0;
};

class DecodeMasksTask : public MaskTask {
  public:
    DecodeMasksTask(uint64_t id, Engine& engine, std::vector<int32_t> codes)
        : MaskTask(id, engine), codes_(std::move(codes)) {}

    Step step() override {
        const bool done = advance(
            codes_, MaskCodec::N_CODES, result_.data,
            [this](MaskCodec& codec, auto part) { return codec.decode(part, cancel_flag); });
        return done ? finish(std::move(result_)) : Step::More;
    }

  private:
    std::vector<int32_t> codes_;
    DecodedMasks result_;
};

class EncodeMasksTask : public MaskTask {
  public:
    EncodeMasksTask(uint64_t id, Engine& engine, std::vector<float> masks)
        : MaskTask(id, engine), masks_(std::move(masks)) {}

    Step step() override {
        const bool done = advance(
            masks_, MaskCodec::N_PIXELS, result_.codes,
            [this](MaskCodec& codec, auto part) { return codec.encode(part, cancel_flag); });
        return done ? finish(std::move(result_)) : Step::More;
    }

  private:
    std::vector<float> masks_;
    EncodedMasks result_;
};

Engine::Engine(Listener& listener, std::function<void()> start)
    : listener_(listener), pump_(std::move(start)) {}
Engine::~Engine() = default;

void Engine::load(uint64_t id, LoadParams params) {
    pump_.post(std::make_shared<LoadTask>(id, *this, std::move(params)));
}

void Engine::check_prompt(const PromptParams& params) {
    if (params.prompt.size() > MAX_PROMPT_BYTES) {
        throw mismatch(ErrorCode::PromptTooLong, "prompt",
                       std::to_string(params.prompt.size()) + " bytes",
                       "at most " + std::to_string(MAX_PROMPT_BYTES));
    }
}

void Engine::generate(uint64_t id, GenerateParams params) {
    check_prompt(params);
    pump_.post(std::make_shared<GenerateTask>(id, *this, std::move(params)));
}

void Engine::score(uint64_t id, ScoreParams params) {
    check_prompt(params);
    pump_.post(std::make_shared<ScoreTask>(id, *this, std::move(params)));
}

void Engine::encode(uint64_t id, std::vector<uint8_t> image) {
    pump_.post(std::make_shared<EncodeTask>(id, *this, std::move(image)));
}

void Engine::trace(uint64_t id, TraceParams params) {
    pump_.post(std::make_shared<TraceTask>(id, *this, std::move(params)));
}

void Engine::decode_masks(uint64_t id, std::vector<int32_t> codes) {
    pump_.post(std::make_shared<DecodeMasksTask>(id, *this, std::move(codes)));
}

void Engine::encode_masks(uint64_t id, std::vector<float> masks) {
    pump_.post(std::make_shared<EncodeMasksTask>(id, *this, std::move(masks)));
}

void Engine::dispose(uint64_t id) {
    if (pump_.close(std::make_shared<DisposeTask>(id, *this, true))) return;
    listener_.on_error(id, Error(ErrorCode::Disposed, "the model was disposed of before", {}));
}

void Engine::close() {
    pump_.close(std::make_shared<DisposeTask>(0, *this, false));
}

std::shared_ptr<const Tokenizer> Engine::tokenizer() const {
    std::lock_guard lock(mutex_);
    return tokenizer_;
}

ModelInfo Engine::info() const {
    std::lock_guard lock(mutex_);
    return info_;
}

void Engine::update_info() {
    ModelInfo info = model_->describe();
    std::lock_guard lock(mutex_);
    info_ = std::move(info);
}

}  // namespace paligemma
