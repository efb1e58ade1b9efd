// One ggml graph being built: its context, its inputs, its taps; and the memory that graphs run in.
#pragma once
#include <ggml-cpp.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compute/backend.h"

namespace paligemma {

// Intermediate tensors by the reference's names, collected while graphs run. Rows of later graphs
// (decode steps) are appended to those of earlier ones (prefill).
struct Taps {
    struct Tensor {
        int64_t width = 0;  // ne[0]
        std::vector<float> data;
    };
    std::map<std::string, Tensor> tensors;
};

class Graph {
  public:
    // `taps`: receives copies of the intermediates after the run; null: none are kept.
    explicit Graph(int max_nodes = 2048, Taps* taps = nullptr);

    ggml_context* ctx() const { return ctx_.get(); }
    ggml_cgraph* cgraph() const { return graph_; }

    // An input that is set after allocation with set().
    ggml_tensor* input(ggml_type type, int64_t ne0, int64_t ne1 = 1, int64_t ne2 = 1,
                       int64_t ne3 = 1);
    // Adds `t` and what it needs to the graph, in the order of the calls.
    void expand(ggml_tensor* t) { ggml_build_forward_expand(graph_, t); }
    // Like expand(), and its memory is not reused before the next run.
    ggml_tensor* output(ggml_tensor* t);
    // Names an intermediate. Returns `t`, for use inside an expression.
    ggml_tensor* tap(const std::string& name, ggml_tensor* t);
    // The result of make(), called once per graph, `kind` and `x`: a form of x that several nodes
    // read. Only for an x that nothing changes in place.
    template <typename Make>
    ggml_tensor* once(const void* kind, ggml_tensor* x, Make&& make) {
        auto [it, is_new] = once_.try_emplace({kind, x}, nullptr);
        if (is_new) it->second = make();
        return it->second;
    }
    bool has_taps() const { return taps_ != nullptr; }
    // A tap of rows that are in no tensor of the graph.
    void record(const char* name, int64_t width, std::span<const float> rows);

    // Copies the tapped tensors out; after the run.
    void collect_taps();

  private:
    ggml_context_ptr ctx_;
    ggml_cgraph* graph_;
    Taps* taps_;
    std::vector<std::pair<std::string, ggml_tensor*>> tapped_;
    std::map<std::pair<const void*, ggml_tensor*>, ggml_tensor*> once_;
};

// The working memory of graphs that run one after another on one backend. Grows to the largest
// graph seen.
class GraphMemory {
  public:
    explicit GraphMemory(Backend& backend)
        : backend_(backend), allocator_(ggml_gallocr_new(backend.default_buffer_type())) {}

    // Assigns every tensor of the graph an address; invalidates graphs allocated before.
    // Throws OutOfMemory.
    void allocate(Graph& graph);
    // Like allocate(), for a graph that will not run: only grows the memory.
    void reserve(Graph& graph);
    uint64_t size() const { return ggml_gallocr_get_buffer_size(allocator_.get(), 0); }

  private:
    void forget_layout();

    Backend& backend_;
    ggml_gallocr_ptr allocator_;
    std::pair<const void*, size_t> place_;  // begin and size of the last buffer
};

// Throws EngineInternal when the backend cannot run a node of the graph, naming the operation.
// Asked once at load, so that ggml never has to abort later.
void require_supported(const Backend& backend, const Graph& graph);

// Tensors of a fixed shape that outlive graphs: the hidden state, a KV cache.
class TensorBuffer {
  public:
    TensorBuffer() = default;
    // All tensors are made by `describe` in a context of `n_tensors`, then allocated together, set
    // to zero. Throws OutOfMemory naming `what` and its size.
    template <typename Describe>
    TensorBuffer(Backend& backend, int n_tensors, const char* what, Describe&& describe)
        : ctx_(make_context(n_tensors)) {
        describe(ctx_.get());
        allocate(backend, what);
    }
    uint64_t size() const { return buffer_ ? ggml_backend_buffer_get_size(buffer_.get()) : 0; }
    // Sets all of them to zero again.
    void clear() {
        if (buffer_) ggml_backend_buffer_clear(buffer_.get(), 0);
    }

  private:
    static ggml_context_ptr make_context(int n_tensors);
    void allocate(Backend& backend, const char* what);

    ggml_context_ptr ctx_;
    ggml_backend_buffer_ptr buffer_;
};

}  // namespace paligemma
