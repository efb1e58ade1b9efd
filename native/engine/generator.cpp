#include "engine/generator.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "image/resize.h"

namespace paligemma {

namespace {

// Tokens of a branch() that one graph takes.
constexpr size_t MAX_BRANCH_ROWS = 64;

// Runs an allocated graph under the request's cancel flag.
void run(ServingModel& model, Graph& graph, double flops, const std::atomic<int>& cancel,
         int n_threads) {
    const std::atomic<int>* flag = &cancel;
    const bool finished =
        model.networks().backend().compute(graph.cgraph(), flops, {&flag, 1}, n_threads);
    if (!finished) throw Error(ErrorCode::Aborted, "the request was aborted", {});
    graph.collect_taps();
}

}  // namespace

bool PictureEncoder::step() {
    const VisionConfig& c = model_.config().vision;
    const Siglip& siglip = model_.networks().siglip();
    const auto n_pictures = static_cast<int64_t>(pictures_.size());
    const int64_t n = n_pictures * c.n_patches();
    const double block_flops = static_cast<double>(n_pictures) * siglip.block_flops();
    const int n_blocks =
        std::clamp(static_cast<int>(model_.step_flops() / block_flops), 1, c.n_layer - next_block_);
    Graph g(siglip.max_nodes(n_blocks, n_pictures), taps_);
    ggml_tensor* h = layers::rows(g, model_.vision_hidden(n), 0, n);
    ggml_tensor* pixels = nullptr;
    ggml_tensor* projected = nullptr;
    if (next_block_ == 0) {
        pixels = g.input(GGML_TYPE_F32, c.image_size, c.image_size, 3, n_pictures);
        g.tap("pixels", pixels);
        siglip.embed(g, pixels, h);
    }
    const int end = next_block_ + n_blocks;
    for (int i = next_block_; i < end; ++i) siglip.block(g, i, h);
    if (end == c.n_layer)
        projected = g.output(model_.networks().projector().project(g, siglip.encoded(g, h)));
    model_.memory().allocate(g);
    if (pixels != nullptr) {
        std::vector<float> planar(static_cast<size_t>(c.image_size) * c.image_size * 3);
        for (size_t i = 0; i < pictures_.size(); ++i) {
            normalize(pictures_[i], c.image_size, planar.data());
            ggml_backend_tensor_set(pixels, planar.data(), i * pixels->nb[3], pixels->nb[3]);
        }
    }
    run(model_, g, n_blocks * block_flops, cancel_, model_.n_threads().encode);
    next_block_ = end;
    if (projected == nullptr) return false;
    const int64_t n_features = ggml_nelements(projected) / n_pictures;
    const size_t n_bytes = ggml_nbytes(projected) / pictures_.size();
    for (size_t i = 0; i < pictures_.size(); ++i) {
        auto data = std::make_shared<std::vector<float>>(n_features);
        ggml_backend_tensor_get(projected, data->data(), i * n_bytes, n_bytes);
        features_.push_back(std::move(data));
    }
    return true;
}

Sequence::Sequence(ServingModel& model, SlotLease slot, std::vector<Features> images,
                   std::vector<int32_t> prefix, const std::atomic<int>& cancel, Taps* taps)
    : model_(model),
      slot_(std::move(slot)),
      images_(std::move(images)),
      prefix_(std::move(prefix)),
      cancel_(cancel),
      taps_(taps) {
    n_prefix_ = static_cast<int64_t>(images_.size()) * model_.config().vision.n_patches() +
                static_cast<int64_t>(prefix_.size());
    logits_.emplace_back(model_.config().tokens.n_usable);
}

Sequence::~Sequence() {
    model_.decoding().remove(*this);
}

// The input of the first layer: image tokens as they are, text embeddings scaled.
void Sequence::begin() {
    const int64_t n_embd = model_.config().text.n_embd;
    ggml_tensor* h = model_.text_hidden(n_prefix_);
    size_t at = 0;
    for (const auto& image : images_) {
        const size_t n_bytes = image->size() * sizeof(float);
        ggml_backend_tensor_set(h, image->data(), at, n_bytes);
        at += n_bytes;
    }
    std::vector<float> text(prefix_.size() * n_embd);
    for (size_t i = 0; i < prefix_.size(); ++i)
        model_.networks().embedding().get(prefix_[i], text.data() + i * n_embd);
    ggml_backend_tensor_set(h, text.data(), at, text.size() * sizeof(float));
}

bool Sequence::prefill_step() {
    const TextConfig& c = model_.config().text;
    const Gemma& gemma = model_.networks().gemma();
    if (next_layer_ == 0) begin();
    const int n_layers =
        std::clamp(static_cast<int>(model_.step_flops() / gemma.layer_flops(n_prefix_)), 1,
                   c.n_layer - next_layer_);
    Graph g(gemma.max_nodes(n_layers, n_prefix_), taps_);
    ggml_tensor* h = layers::rows(g, model_.text_hidden(n_prefix_), 0, n_prefix_);
    ggml_tensor* positions = g.input(GGML_TYPE_I32, n_prefix_);
    if (next_layer_ == 0) g.tap("embedded", h);
    const int end = next_layer_ + n_layers;
    // Of the last layer only the last row is needed, unless all are tapped.
    const auto first = [&](int i) {
        return i == c.n_layer - 1 && !g.has_taps() ? n_prefix_ - 1 : int64_t{0};
    };
    for (int i = next_layer_; i < end; ++i)
        gemma.prefill_layer(g, i, h, positions, &slot_->cache.layer(i), first(i));
    ggml_tensor* logits = nullptr;
    if (end == c.n_layer) {
        if (g.has_taps()) {
            logits = gemma.logits(g, h);
            logits = layers::rows(g, logits, n_prefix_ - 1, 1);
            logits = g.output(ggml_cont(g.ctx(), logits));
        } else {
            logits = g.output(gemma.logits(g, layers::rows(g, h, n_prefix_ - 1, 1)));
        }
    }
    model_.memory().allocate(g);
    std::vector<int32_t> counted(n_prefix_);
    std::iota(counted.begin(), counted.end(), 0);
    ggml_backend_tensor_set(positions, counted.data(), 0, ggml_nbytes(positions));
    run(model_, g, n_layers * gemma.layer_flops(n_prefix_), cancel_, model_.n_threads().prefill);
    next_layer_ = end;
    if (logits == nullptr) return false;
    std::vector<float>& out = logits_[0];
    ggml_backend_tensor_get(logits, out.data(), 0, out.size() * sizeof(float));
    g.record("logits", static_cast<int64_t>(out.size()), out);
    model_.config().tokens.hide_unusable(out);
    n_past_ = n_prefix_;
    images_.clear();
    return true;
}

void Sequence::append(int32_t token, std::span<const int32_t> draft) {
    ++n_past_;
    if (at_ + 1 < tokens_.size() && tokens_[at_ + 1] == token) {
        ++at_;
        return;
    }
    // Cache rows of rejected speculative tokens are overwritten.
    --n_past_;
    tokens_.assign(1, token);
    tokens_.insert(tokens_.end(), draft.begin(), draft.end());
    at_ = 0;
    is_pending_ = true;
    model_.decoding().add(*this);
}

std::span<const float> Sequence::logits() {
    if (is_pending_) model_.decoding().run();
    if (is_pending_) throw Error(ErrorCode::Aborted, "the request was aborted", {});
    return logits_[at_];
}

std::span<std::vector<float>> Sequence::accept_step(double ms) {
    is_pending_ = false;
    ++n_past_;
    step_ms_ += ms;
    while (logits_.size() < tokens_.size()) logits_.emplace_back(model_.config().tokens.n_usable);
    return {logits_.data(), tokens_.size()};
}

void Sequence::branch(std::span<const int32_t> tokens, std::span<const int32_t> parents,
                      const std::function<void(size_t, std::span<const float>)>& visit) {
    n_past_ = n_prefix_;
    tokens_.clear();
    at_ = 0;
    std::vector<int32_t> positions;
    for (size_t begin = 0; begin < tokens.size(); begin += MAX_BRANCH_ROWS) {
        const size_t n = std::min(MAX_BRANCH_ROWS, tokens.size() - begin);
        const int64_t n_kv = KvCache::rounded(n_prefix_ + static_cast<int64_t>(begin + n));
        std::vector<ggml_fp16_t> mask(n_kv * n, ggml_fp32_to_fp16(-INFINITY));
        std::vector<int64_t> rows(n);
        for (size_t i = 0; i < n; ++i) {
            rows[i] = n_prefix_ + static_cast<int64_t>(begin + i);
            auto* column = mask.data() + i * n_kv;
            std::fill_n(column, n_prefix_, ggml_fp32_to_fp16(0.f));
            int32_t depth = 0;
            for (auto at = static_cast<int32_t>(begin + i); at >= 0; at = parents[at], ++depth)
                column[n_prefix_ + at] = ggml_fp32_to_fp16(0.f);
            positions.push_back(static_cast<int32_t>(n_prefix_) + depth - 1);
        }
        const DecodePart part{slot_.get(), n_kv, static_cast<int64_t>(n)};
        DecodeGraph d(model_.networks(), {&part, 1}, /*taps=*/nullptr);
        model_.memory().allocate(d.graph);
        d.set_inputs(model_.networks(), tokens.subspan(begin, n), {positions.data() + begin, n},
                     rows, mask);
        run(model_, d.graph, static_cast<double>(n) * model_.networks().gemma().token_flops(),
            cancel_, model_.n_threads().decode);
        for (size_t i = 0; i < n; ++i) {
            d.get_logits(static_cast<int64_t>(i), logits_[0]);
            model_.config().tokens.hide_unusable(logits_[0]);
            visit(begin + i, logits_[0]);
        }
    }
}

int resolve_max_tokens(const ServingModel& model, int64_t n_prefix, int wanted) {
    const int64_t left = model.n_ctx() - n_prefix;
    if (left < std::max(1, wanted)) {
        const std::string found =
            std::to_string(n_prefix) + " tokens (" +
            std::to_string(model.config().vision.n_patches()) + " per picture)" +
            (wanted > 0 ? " + " + std::to_string(wanted) + " of the answer" : "");
        const bool is_answer_too_long = n_prefix < model.n_ctx() && wanted > 1;
        throw Error(ErrorCode::PromptTooLong,
                    "pictures and prompt have " + found + ", the context holds " +
                        std::to_string(model.n_ctx()),
                    {.name = "prompt",
                     .found = found,
                     .expected = "at most " + std::to_string(model.n_ctx()) + " in all",
                     .hint = is_answer_too_long ? ""
                                                : "use fewer pictures (frames of a clip), a "
                                                  "shorter prompt or fewer labels",
                     .remedy = is_answer_too_long ? Remedy::MaxTokens : Remedy::None});
    }
    return wanted > 0 ? wanted
                      : static_cast<int>(std::min<int64_t>(left, Engine::DEFAULT_MAX_TOKENS));
}

}  // namespace paligemma
