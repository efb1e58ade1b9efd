// The networks without an engine, as a trainer holds them: one picture encoded and one forward pass
// over it and a prompt, with graphs and memory of our own, compared with what the engine computes.
#include "models/networks.h"

#include <numeric>

#include "compute/graph.h"
#include "image/resize.h"
#include "support/engine_host.h"
#include "support/floats.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

const std::vector<int32_t> PROMPT = {2, 6, 4, 9};

void run(const Networks& networks, Graph& graph) {
    CHECK(networks.backend().compute(graph.cgraph(), 1e9));
}

// pixels -> image tokens [n_embd, n_patches]
Floats encode(const Networks& networks, const std::vector<uint8_t>& picture) {
    const VisionConfig& v = networks.config().vision;
    const Siglip& siglip = networks.siglip();
    Graph g(siglip.max_nodes(v.n_layer, 1));
    ggml_tensor* pixels = g.input(GGML_TYPE_F32, v.image_size, v.image_size, 3);
    ggml_tensor* h = g.input(GGML_TYPE_F32, v.n_embd, v.n_patches());
    siglip.embed(g, pixels, h);
    for (int i = 0; i < v.n_layer; ++i) siglip.block(g, i, h);
    ggml_tensor* projected = g.output(networks.projector().project(g, siglip.encoded(g, h)));
    GraphMemory memory(networks.backend());
    memory.allocate(g);
    Floats planar(picture.size());
    normalize(picture, v.image_size, planar.data());
    write(pixels, planar);
    run(networks, g);
    return read(projected);
}

// Image tokens and PROMPT -> logits [n_vocab] after the last token; no cache is written.
Floats forward(const Networks& networks, const Floats& image_tokens) {
    const TextConfig& t = networks.config().text;
    const auto n_image = static_cast<int64_t>(image_tokens.size()) / t.n_embd;
    const int64_t n = n_image + static_cast<int64_t>(PROMPT.size());
    Floats embedded = image_tokens;
    embedded.resize(static_cast<size_t>(n * t.n_embd));
    for (size_t i = 0; i < PROMPT.size(); ++i)
        networks.embedding().get(PROMPT[i],
                                 embedded.data() + (n_image + static_cast<int64_t>(i)) * t.n_embd);
    Graph g(networks.gemma().max_nodes(t.n_layer, n));
    ggml_tensor* h = g.input(GGML_TYPE_F32, t.n_embd, n);
    ggml_tensor* positions = g.input(GGML_TYPE_I32, n);
    for (int i = 0; i < t.n_layer; ++i)
        networks.gemma().prefill_layer(g, i, h, positions, /*cache=*/nullptr, /*first=*/0);
    ggml_tensor* logits = g.output(networks.gemma().logits(g, layers::rows(g, h, n - 1, 1)));
    GraphMemory memory(networks.backend());
    memory.allocate(g);
    write(h, embedded);
    std::vector<int32_t> counted(static_cast<size_t>(n));
    std::iota(counted.begin(), counted.end(), 0);
    ggml_backend_tensor_set(positions, counted.data(), 0, ggml_nbytes(positions));
    run(networks, g);
    return read(logits);
}

}  // namespace

TEST("networks without an engine encode a picture and run a forward pass as the engine does") {
    for (const char* architecture : {"gemma", "gemma2"}) {
        ModelConfig sizes = TinyModel::default_config();
        sizes.text.architecture = architecture;
        sizes.text.has_post_norms = architecture == std::string("gemma2");
        TemporaryFile file(TinyModel(sizes).build());
        const LoadParams params = EngineHost::params(file.path());
        std::vector<uint8_t> picture(28 * 28 * 3);
        for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<uint8_t>(i * 37);

        EngineHost host;
        CHECK(!host.load(params).error);
        const uint64_t id = host.next_id();
        host.engine().trace(id, {.image = picture, .prefix = PROMPT, .suffix = {}});
        const Answer answer = host.wait(id);
        CHECK(answer.outcome.has_value());
        const Taps& taps = std::get<Taps>(*answer.outcome);

        const std::atomic<int> cancel{0};
        const ModelFiles files(params.paths, {});
        uint64_t read_bytes = 0;
        const Networks networks(
            files, params.networks, /*n_threads=*/2,
            [&](uint64_t done, uint64_t total) {
                CHECK(done <= total);
                read_bytes = done;
            },
            cancel);
        CHECK(read_bytes > 0);
        const Floats image_tokens = encode(networks, picture);
        check_close(image_tokens, taps.tensors.at("projected").data, 1e-6, "image tokens");
        const Floats logits = forward(networks, image_tokens);
        Floats usable(logits.begin(), logits.begin() + networks.config().tokens.n_usable);
        check_close(usable, taps.tensors.at("logits").data, 1e-6, "logits");
    }
}

}  // namespace paligemma::test
