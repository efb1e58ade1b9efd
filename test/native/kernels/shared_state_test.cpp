// What the CPU and the system keep for a thread belongs to all libraries of the process. Whatever
// another one has set, each thread that computes has it afterwards; and what another one relies on
// works between our nodes.
#include <ggml-cpp.h>

#include <cstring>
#include <future>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "compute/graph.h"
#include "compute/quantize.h"
#include "kernels/all_kernels.h"
#include "kernels/attention.h"
#include "kernels/attention_tile.h"
#include "kernels/matmul.h"
#include "support/floats.h"
#include "support/test.h"
#include "support/thread_state.h"

namespace paligemma::test {

namespace {

constexpr int64_t K = 256, N = 64;  // Q4_K has blocks of 256

// Runs `work` on a thread of its own, which ends afterwards.
template <typename Work>
void in_new_thread(Work&& work) {
    std::async(std::launch::async, std::forward<Work>(work)).get();
}

// A node that all threads of a graph run: `run(thread)`.
ggml_tensor* on_every_thread(Graph& g, ggml_tensor* any, void* data, ggml_custom_op_t run) {
    return g.output(
        ggml_custom_4d(g.ctx(), GGML_TYPE_F32, 1, 1, 1, 1, &any, 1, run, GGML_N_TASKS_MAX, data));
}

// Of the threads of a graph: what another library left them with, and what had changed at the end.
class Threads {
  public:
    // Between the two come the nodes that are tried.
    void disturb(Graph& g, ggml_tensor* any) {
        on_every_thread(g, any, this, [](ggml_tensor*, int ith, int, void* self) {
            disturb_thread(ith);
            static_cast<Threads*>(self)->keep(thread_state());
        });
    }
    void compare(Graph& g, ggml_tensor* any) {
        on_every_thread(g, any, this, [](ggml_tensor*, int, int, void* self) {
            static_cast<Threads*>(self)->compare(thread_state());
        });
    }
    // After the run.
    void check(int n_threads, const std::string& what) {
        CHECK_EQ(compared_.size(), static_cast<size_t>(n_threads));
        if (!changes_.empty()) fail(__FILE__, __LINE__, what + ": " + changes_);
    }

  private:
    void keep(State state) {
        state.erase("exceptions seen");  // not required of the graph's own threads
        std::lock_guard lock(mutex_);
        before_[std::this_thread::get_id()] = std::move(state);
    }
    void compare(const State& now) {
        std::lock_guard lock(mutex_);
        compared_.insert(std::this_thread::get_id());
        changes_ += changes(before_.at(std::this_thread::get_id()), now);
    }

    std::mutex mutex_;
    std::map<std::thread::id, State> before_;
    std::set<std::thread::id> compared_;
    std::string changes_;
};

std::vector<uint8_t> quantized(const Floats& numbers, ggml_type type) {
    std::vector<uint8_t> bytes(numbers.size() * sizeof(float));
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return quantize(bytes, WeightType::F32, *weight_type_from_gguf(type), K,
                    static_cast<int64_t>(numbers.size()) / K, 1);
}

// A weight [K, N]: packed for our kernels, or as ggml has it in memory of some type.
struct Weight {
    ggml_context_ptr ctx{ggml_init(
        {.mem_size = 2 * ggml_tensor_overhead(), .mem_buffer = nullptr, .no_alloc = true})};
    ggml_tensor* tensor;
    ggml_backend_buffer_ptr buffer;

    Weight(ggml_type type, ggml_backend_buffer_type_t in)
        : tensor(ggml_new_tensor_2d(ctx.get(), type, K, N)),
          buffer(ggml_backend_alloc_ctx_tensors_from_buft(ctx.get(), in)) {
        ggml_backend_buffer_set_usage(buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
        const auto bytes = quantized(random_floats(K * N, 1), type);
        ggml_backend_tensor_set(tensor, bytes.data(), 0, bytes.size());
    }
    Weight(ggml_type type, const Backend& backend, const Kernel* kernel)
        : Weight(type, backend.default_buffer_type()) {
        pack_weight(tensor, kernel);
    }
};

// Whether ggml has a matmul for weights of this type in this memory.
bool can_multiply(const Backend& backend, ggml_type type, ggml_backend_buffer_type_t in) {
    const ggml_context_ptr ctx(ggml_init(
        {.mem_size = 4 * ggml_tensor_overhead(), .mem_buffer = nullptr, .no_alloc = true}));
    ggml_tensor* w = ggml_new_tensor_2d(ctx.get(), type, K, N);
    ggml_tensor* x = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, K, 40);
    const ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(in, 0));
    w->buffer = buffer.get();
    return ggml_backend_supports_op(backend.get(), ggml_mul_mat(ctx.get(), w, x));
}

// Every node that multiplies with this kernel, and those that feed it.
void products(Graph& g, const Kernel* kernel, ggml_tensor* w, ggml_tensor* x, ggml_tensor* norm) {
    ggml_context* c = g.ctx();
    const int64_t m = x->ne[1];
    for (ggml_tensor* packed :
         {pack_activations(c, kernel, x), pack_normalised(c, kernel, x, norm, norm, 1e-6f)}) {
        g.output(packed_matmul(c, w, nullptr, packed, m));
        g.output(packed_matmul(c, w, nullptr, packed, m, Activation::Gelu, Result::Packed));
        g.output(packed_gated_matmul(c, w, w, packed, m, Result::F32));
    }
}

// Runs what `make` puts between the nodes of another library, on threads of its own. What `make`
// returns is called when the graph has memory.
template <typename Make>
void run_between(const std::string& what, int64_t m, Make&& make) {
    for (int n_threads : {1, 3}) {
        in_new_thread([&] {
            const auto backend = Backend::open("cpu", n_threads);
            Graph g(64);
            ggml_tensor* x = g.input(GGML_TYPE_F32, K, m);
            Threads threads;
            threads.disturb(g, x);
            const auto prepare = make(g, *backend, x);
            threads.compare(g, x);
            GraphMemory memory(*backend);
            memory.allocate(g);
            write(x, random_floats(K * m, 2));
            prepare();
            CHECK(backend->compute(g.cgraph(), 1e12));
            threads.check(n_threads, what + ", " + std::to_string(m) + " rows, " +
                                         std::to_string(n_threads) + " threads");
        });
    }
}

std::string name_of(const UsableKernel& k) {
    return std::string(k.kernel->name) + " " + ggml_type_name(k.type);
}

}  // namespace

TEST("matmuls leave every thread as they found it, with each kernel") {
    for (const UsableKernel& k : all_kernels()) {
        for (int64_t m : {1, 5, 40}) {
            run_between(name_of(k), m, [&](Graph& g, Backend& b, ggml_tensor* x) {
                const auto w = std::make_shared<Weight>(k.type, b, k.kernel);
                ggml_tensor* norm = g.input(GGML_TYPE_F32, K);
                products(g, k.kernel, w->tensor, x, norm);
                return [w, norm] { write(norm, random_floats(K, 3)); };
            });
        }
    }
}

TEST("attention leaves every thread as it found it, with each kernel") {
    for (const AttentionKernel* kernel : usable_attention_kernels()) {
        run_between(kernel->name, 64, [&](Graph& g, Backend&, ggml_tensor* x) {
            ggml_tensor* heads = ggml_reshape_3d(g.ctx(), x, K / 4, 4, x->ne[1]);
            ggml_tensor* mask = g.input(GGML_TYPE_F16, x->ne[1], x->ne[1]);
            g.output(kernel_attention(g.ctx(), kernel, heads, heads, heads, 0.1f, 5.f));
            g.output(
                kernel_decode_attention(g.ctx(), kernel, heads, heads, heads, mask, 0.1f, 0.f));
            return [mask] { write(mask, Floats(ggml_nelements(mask))); };
        });
    }
}

TEST("the measurement of a kernel's peak leaves the thread as it found it") {
    for (const UsableKernel& k : all_kernels()) {
        in_new_thread([&] {
            disturb_thread(1);
            State before = thread_state();
            before.erase("exceptions seen");
            CHECK(k.kernel->peak(2) > 0);
            const std::string changed = changes(before, thread_state());
            if (!changed.empty()) fail(__FILE__, __LINE__, name_of(k) + ": " + changed);
        });
    }
}

TEST("a thread that runs out of memory in a matmul is left as it was found") {
    for (const UsableKernel& k : all_kernels()) {
        static void (*multiply)(const Tile&);
        multiply = k.kernel->multiply;
        Kernel kernel = *k.kernel;
        kernel.multiply = [](const Tile& tile) {
            multiply(tile);
            throw std::bad_alloc();
        };
        in_new_thread([&] {
            const auto backend = Backend::open("cpu", 2);
            const Weight w(k.type, *backend, &kernel);
            Graph g(16);
            ggml_tensor* x = g.input(GGML_TYPE_F32, K, 40);
            Threads threads;
            threads.disturb(g, x);
            g.output(packed_matmul(g.ctx(), w.tensor, nullptr,
                                   pack_activations(g.ctx(), &kernel, x), 40));
            threads.compare(g, x);
            GraphMemory memory(*backend);
            memory.allocate(g);
            write(x, random_floats(K * 40, 2));
            CHECK_THROWS(ErrorCode::OutOfMemory, backend->compute(g.cgraph(), 1e12));
            threads.check(2, name_of(k));
        });
    }
}

// Another library does what ggml's AMX kernels do: it configures the tiles of a thread once, and
// uses them ever after.
TEST("code that configures the tiles of a thread once can use them between our matmuls") {
    const auto neighbour = [](ggml_tensor*, int, int, void*) {
        static thread_local bool configured = false;
        TileConfig config;
        config.rows[0] = config.rows[1] = config.rows[2] = 1;
        config.row_bytes[0] = config.row_bytes[1] = config.row_bytes[2] = 4;
        if (!configured) emulated_tiles::load_config(&config);
        configured = true;
        // 1.5 * 2 + 1.5 * 2, in the upper halves of two floats.
        const uint16_t a[2] = {0x3fc0, 0x3fc0}, b[2] = {0x4000, 0x4000};
        float sum = 0;
        emulated_tiles::zero(0);
        emulated_tiles::load(1, a, 4);
        emulated_tiles::load(2, b, 4);
        emulated_tiles::multiply_bf16(0, 1, 2);
        emulated_tiles::store(0, &sum, 4);
        CHECK_EQ(sum, 6.f);
    };
    for (const UsableKernel& k : all_kernels()) {
        in_new_thread([&] {
            const auto backend = Backend::open("cpu", 2);
            const Weight w(k.type, *backend, k.kernel);
            Graph g(64);
            ggml_tensor *x = g.input(GGML_TYPE_F32, K, 40), *norm = g.input(GGML_TYPE_F32, K);
            for (int i = 0; i < 2; ++i) {
                on_every_thread(g, x, nullptr, neighbour);
                products(g, k.kernel, w.tensor, x, norm);
            }
            on_every_thread(g, x, nullptr, neighbour);
            GraphMemory memory(*backend);
            memory.allocate(g);
            write(x, random_floats(K * 40, 2));
            write(norm, random_floats(K, 3));
            for (int run = 0; run < 3; ++run) CHECK(backend->compute(g.cgraph(), 1e12));
        });
    }
}

// Every matmul that ggml has for a type of weights, also with its repacked weights (AMX, on CPUs
// that have it), between our matmuls.
TEST("ggml's matmuls return the same before, between and after ours, with each type of weights") {
    for (const WeightTypeTraits& traits : weight_types()) {
        const auto type = static_cast<ggml_type>(traits.gguf_id);
        for (const UsableKernel& k : all_kernels()) {
            in_new_thread([&] {
                const auto backend = Backend::open("cpu", 2);
                const Weight ours(k.type, *backend, k.kernel);
                Graph g(256);
                ggml_tensor *x = g.input(GGML_TYPE_F32, K, 40), *norm = g.input(GGML_TYPE_F32, K);
                std::vector<Weight> theirs;
                for (ggml_backend_buffer_type_t in : backend->weight_buffer_types())
                    if (can_multiply(*backend, type, in)) theirs.emplace_back(type, in);
                CHECK(!theirs.empty());
                std::vector<std::vector<ggml_tensor*>> results(theirs.size());
                for (int i = 0; i < 3; ++i) {
                    for (size_t t = 0; t < theirs.size(); ++t)
                        results[t].push_back(g.output(ggml_mul_mat(g.ctx(), theirs[t].tensor, x)));
                    if (i < 2) products(g, k.kernel, ours.tensor, x, norm);
                }
                GraphMemory memory(*backend);
                memory.allocate(g);
                write(x, random_floats(K * 40, 2));
                write(norm, random_floats(K, 3));
                CHECK(backend->compute(g.cgraph(), 1e12));
                for (const auto& same : results)
                    for (ggml_tensor* y : same) CHECK(read(y) == read(same[0]));
            });
        }
    }
}

}  // namespace paligemma::test
