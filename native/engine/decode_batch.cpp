#include "engine/decode_batch.h"

#include <algorithm>
#include <cmath>

#include "engine/generator.h"
#include "engine/slot.h"
#include "engine/stopwatch.h"

namespace paligemma {

namespace {

int64_t rows_of(std::span<const DecodePart> parts) {
    int64_t n = 0;
    for (const DecodePart& part : parts) n += part.n;
    return n;
}

int max_nodes(const TextConfig& c, std::span<const DecodePart> parts) {
    const auto n_parts = static_cast<int>(parts.size());
    const auto n_heads = static_cast<int>(rows_of(parts) / DecodeGraph::LOGIT_ROWS + 1);
    return c.n_layer * (64 + 32 * n_parts) + 64 + 8 * n_heads;
}

}  // namespace

DecodeGraph::DecodeGraph(const Networks& networks, std::span<const DecodePart> all, Taps* taps)
    : parts(all.begin(), all.end()),
      n(rows_of(all)),
      graph(max_nodes(networks.config().text, all), taps) {
    const TextConfig& c = networks.config().text;
    h = graph.input(GGML_TYPE_F32, c.n_embd, n);
    positions = graph.input(GGML_TYPE_I32, n);
    for (const DecodePart& part : parts) {
        rows.push_back(graph.input(GGML_TYPE_I64, part.n));
        masks.push_back(graph.input(GGML_TYPE_F16, part.n_kv, part.n));
    }
    ggml_tensor* x = h;
    for (int i = 0; i < c.n_layer; ++i) {
        std::vector<DecodeSlice> slices;
        for (size_t p = 0; p < parts.size(); ++p)
            slices.push_back(
                {parts[p].n, parts[p].n_kv, rows[p], masks[p], parts[p].slot->cache.layer(i)});
        x = networks.gemma().decode_layer(graph, i, x, positions, slices);
    }
    for (int64_t at = 0; at < n; at += LOGIT_ROWS) {
        const int64_t m = std::min(LOGIT_ROWS, n - at);
        ggml_tensor* part = m == n ? x : layers::rows(graph, x, at, m);
        logits.push_back(graph.output(networks.gemma().logits(graph, part)));
    }
}

void DecodeGraph::set_inputs(const Networks& networks, std::span<const int32_t> tokens,
                             std::span<const int32_t> token_positions,
                             std::span<const int64_t> cache_rows,
                             std::span<const ggml_fp16_t> all_masks) {
    const size_t n_embd = networks.config().text.n_embd;
    std::vector<float> embedded(tokens.size() * n_embd);
    for (size_t i = 0; i < tokens.size(); ++i)
        networks.embedding().get(tokens[i], embedded.data() + i * n_embd);
    auto set = [](ggml_tensor* t, const void* data) {
        // A tensor that no node reads has no memory: the mask, with plain matmuls for a single row.
        if (t->buffer != nullptr) ggml_backend_tensor_set(t, data, 0, ggml_nbytes(t));
    };
    set(h, embedded.data());
    set(positions, token_positions.data());
    for (size_t p = 0; p < parts.size(); ++p) {
        set(rows[p], cache_rows.data());
        set(masks[p], all_masks.data());
        cache_rows = cache_rows.subspan(parts[p].n);
        all_masks = all_masks.subspan(parts[p].n * parts[p].n_kv);
    }
    graph.record("embedded", static_cast<int64_t>(n_embd), embedded);
}

void DecodeGraph::get_logits(int64_t i, std::vector<float>& out) const {
    const ggml_tensor* t = logits[i / LOGIT_ROWS];
    ggml_backend_tensor_get(t, out.data(), i % LOGIT_ROWS * t->nb[1], out.size() * sizeof(float));
}

DecodeBatch::DecodeBatch(const Networks& networks, const PrefillQueue& prefill_queue, int n_slots,
                         int n_threads)
    : networks_(networks),
      prefill_queue_(prefill_queue),
      n_slots_(n_slots),
      n_threads_(n_threads),
      memory_(networks.backend()) {}

void DecodeBatch::run() {
    for (;;) {
        std::vector<Sequence*> members;
        for (Sequence* s : waiting_)
            if (!s->is_cancelled()) members.push_back(s);
        if (members.empty()) return;
        if (!step(members)) continue;
        std::erase_if(waiting_, [](Sequence* s) { return !s->is_pending(); });
        return;
    }
}

bool DecodeBatch::is_due(bool is_second_token) const {
    return !prefill_queue_.is_busy() || is_second_token || std::chrono::steady_clock::now() >= due_;
}

// A step costs the same for one sequence as for all. Where only `n_running` of those that could
// share it do, decode gets that fraction of its eighth of the time.
double DecodeBatch::prefill_per_decode(size_t n_running) const {
    constexpr double SHARE = 1. / 8;
    const size_t n_waiting = prefill_queue_.size();
    const size_t n_free = static_cast<size_t>(n_slots_) - n_running;
    const auto n = static_cast<double>(n_running + std::min(n_waiting, n_free));
    return n / (static_cast<double>(n_running) * SHARE) - 1;
}

// False when it was aborted.
bool DecodeBatch::step(std::span<Sequence* const> members) {
    Stopwatch watch;
    std::vector<DecodePart> parts;
    std::vector<int32_t> tokens, positions;
    std::vector<int64_t> rows;
    std::vector<ggml_fp16_t> masks;
    std::vector<const std::atomic<int>*> cancel;
    for (const Sequence* s : members) {
        const std::span<const int32_t> own = s->pending();
        const auto n = static_cast<int64_t>(own.size());
        const int64_t n_kv = KvCache::rounded(s->n_past() + n);
        parts.push_back({&s->slot(), n_kv, n});
        tokens.insert(tokens.end(), own.begin(), own.end());
        for (int64_t row = s->n_past(); row < s->n_past() + n; ++row) {
            positions.push_back(static_cast<int32_t>(row));
            rows.push_back(row);
            masks.insert(masks.end(), row + 1, ggml_fp32_to_fp16(0.f));
            masks.insert(masks.end(), n_kv - row - 1, ggml_fp32_to_fp16(-INFINITY));
        }
        cancel.push_back(&s->cancel_flag());
    }
    // A traced sequence runs alone.
    Taps* taps = members[0]->taps();
    if (!graph_ || graph_->parts != parts || graph_->graph.has_taps() || taps != nullptr) {
        graph_.reset();
        auto graph = std::make_unique<DecodeGraph>(networks_, parts, taps);
        memory_.allocate(graph->graph);
        graph_ = std::move(graph);
    }
    graph_->set_inputs(networks_, tokens, positions, rows, masks);
    const double flops = static_cast<double>(tokens.size()) * networks_.gemma().token_flops();
    if (!networks_.backend().compute(graph_->graph.cgraph(), flops, cancel, n_threads_))
        return false;
    graph_->graph.collect_taps();
    const double ms = watch.lap();
    due_ = std::chrono::steady_clock::now() +
           std::chrono::duration_cast<std::chrono::steady_clock::duration>(
               std::chrono::duration<double, std::milli>(prefill_per_decode(members.size()) * ms));
    int64_t row = 0;
    for (Sequence* s : members) {
        for (std::vector<float>& logits : s->accept_step(ms)) {
            graph_->get_logits(row++, logits);
            graph_->graph.record("logits", static_cast<int64_t>(logits.size()), logits);
            networks_.config().tokens.hide_unusable(logits);
        }
    }
    return true;
}

}  // namespace paligemma
