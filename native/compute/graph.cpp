#include "compute/graph.h"

#include <string>

#include "base/error.h"
#include "platform/memory.h"

namespace paligemma {

namespace {

std::string megabytes(uint64_t bytes) {
    return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

ggml_context_ptr metadata_context(size_t bytes) {
    ggml_context_ptr ctx(ggml_init({.mem_size = bytes, .mem_buffer = nullptr, .no_alloc = true}));
    if (!ctx)
        throw Error(ErrorCode::OutOfMemory, "no memory for a graph of " + megabytes(bytes), {});
    return ctx;
}

}  // namespace

Graph::Graph(int max_nodes, Taps* taps)
    : ctx_(metadata_context(ggml_tensor_overhead() * 2 * max_nodes +
                            ggml_graph_overhead_custom(max_nodes, false))),
      graph_(ggml_new_graph_custom(ctx_.get(), max_nodes, false)),
      taps_(taps) {}

ggml_tensor* Graph::input(ggml_type type, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3) {
    ggml_tensor* t = ggml_new_tensor_4d(ctx_.get(), type, ne0, ne1, ne2, ne3);
    ggml_set_input(t);
    return t;
}

ggml_tensor* Graph::output(ggml_tensor* t) {
    ggml_set_output(t);
    expand(t);
    return t;
}

ggml_tensor* Graph::tap(const std::string& name, ggml_tensor* t) {
    if (taps_ != nullptr) {
        // A copy: the tensor itself may be changed in place by a later node.
        ggml_tensor* copy = ggml_new_tensor(ctx_.get(), GGML_TYPE_F32, GGML_MAX_DIMS, t->ne);
        tapped_.emplace_back(name, output(ggml_cpy(ctx_.get(), t, copy)));
    }
    return t;
}

void Graph::collect_taps() {
    for (auto& [name, t] : tapped_) {
        Taps::Tensor& into = taps_->tensors[name];
        const size_t before = into.data.size();
        into.width = t->ne[0];
        into.data.resize(before + ggml_nelements(t));
        ggml_backend_tensor_get(t, into.data.data() + before, 0, ggml_nbytes(t));
    }
}

void Graph::record(const char* name, int64_t width, std::span<const float> rows) {
    if (taps_ == nullptr) return;
    Taps::Tensor& into = taps_->tensors[name];
    into.width = width;
    into.data.insert(into.data.end(), rows.begin(), rows.end());
}

// After a failure ggml has freed its buffer but remembers the graph's layout, and would treat the
// next similar graph as allocated.
void GraphMemory::forget_layout() {
    allocator_.reset(ggml_gallocr_new(backend_.default_buffer_type()));
}

void GraphMemory::allocate(Graph& graph) {
    if (!ggml_gallocr_alloc_graph(allocator_.get(), graph.cgraph())) {
        forget_layout();
        throw Error(ErrorCode::OutOfMemory,
                    backend_.info().name + " has no memory left for intermediate results", {});
    }
    for (int i = 0; i < ggml_graph_n_nodes(graph.cgraph()); ++i) {
        ggml_backend_buffer_t buffer = ggml_graph_node(graph.cgraph(), i)->buffer;
        if (buffer == nullptr ||
            ggml_backend_buffer_get_usage(buffer) != GGML_BACKEND_BUFFER_USAGE_COMPUTE)
            continue;
        const std::pair<const void*, size_t> place(ggml_backend_buffer_get_base(buffer),
                                                   ggml_backend_buffer_get_size(buffer));
        if (place != place_) use_huge_pages(buffer);
        place_ = place;
        break;
    }
}

void GraphMemory::reserve(Graph& graph) {
    if (!ggml_gallocr_reserve(allocator_.get(), graph.cgraph())) {
        forget_layout();
        throw Error(ErrorCode::OutOfMemory,
                    backend_.info().name + " has no memory left for intermediate results", {});
    }
}

void require_supported(const Backend& backend, const Graph& graph) {
    ggml_cgraph* g = graph.cgraph();
    for (int i = 0; i < ggml_graph_n_nodes(g); ++i) {
        ggml_tensor* node = ggml_graph_node(g, i);
        if (!ggml_backend_supports_op(backend.get(), node)) {
            std::string shapes;
            for (auto* src : node->src) {
                if (src == nullptr) break;
                shapes += (shapes.empty() ? "" : ", ") + std::string(ggml_type_name(src->type)) +
                          " [" + std::to_string(src->ne[0]) + ", " + std::to_string(src->ne[1]) +
                          ", " + std::to_string(src->ne[2]) + "]";
            }
            throw Error(ErrorCode::DeviceUnavailable,
                        backend.info().name + " cannot run " + ggml_op_desc(node) + " of " + shapes,
                        {.name = "device",
                         .found = backend.info().name,
                         .expected = "a device that runs every operation of the model",
                         .hint = "load with device: 'cpu'"});
        }
    }
}

ggml_context_ptr TensorBuffer::make_context(int n_tensors) {
    return metadata_context(ggml_tensor_overhead() * n_tensors);
}

void TensorBuffer::allocate(Backend& backend, const char* what) {
    const uint64_t needed =
        ggml_backend_alloc_ctx_tensors_from_buft_size(ctx_.get(), backend.default_buffer_type());
    if (needed == 0) return;  // ggml would return null, as without memory
    if (backend.is_cpu()) {
        const uint64_t available = available_memory();
        if (needed > available) {
            throw Error(ErrorCode::OutOfMemory,
                        std::string(what) + " needs " + megabytes(needed) + ", " +
                            megabytes(available) + " are available",
                        {.name = what,
                         .found = megabytes(available),
                         .expected = megabytes(needed),
                         .hint = {}});
        }
    }
    buffer_.reset(
        ggml_backend_alloc_ctx_tensors_from_buft(ctx_.get(), backend.default_buffer_type()));
    if (!buffer_) {
        throw Error(ErrorCode::OutOfMemory,
                    backend.info().name + " has no " + megabytes(needed) + " for " + what,
                    {.name = what, .found = {}, .expected = megabytes(needed), .hint = {}});
    }
    use_huge_pages(buffer_.get());
    ggml_backend_buffer_clear(buffer_.get(), 0);
}

}  // namespace paligemma
