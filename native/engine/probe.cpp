#include "engine/probe.h"

#include <vector>

namespace paligemma {

void visit_graphs(ServingModel& model, const std::function<void(GraphKind, Graph&)>& visit) {
    const Networks& networks = model.networks();
    const Siglip& siglip = networks.siglip();
    const Gemma& gemma = networks.gemma();
    const VisionConfig& v = model.config().vision;
    for (GraphKind kind : {GraphKind::Encode, GraphKind::EncodeSeveral}) {
        const int pictures = kind == GraphKind::Encode ? 1 : networks.policy().max_pictures;
        if (kind == GraphKind::EncodeSeveral && pictures == 1) continue;
        const int64_t n_rows = int64_t{pictures} * v.n_patches();
        Graph encode(siglip.max_nodes(/*n_blocks=*/1, pictures));
        ggml_tensor* pixels = encode.input(GGML_TYPE_F32, v.image_size, v.image_size, 3, pictures);
        ggml_tensor* patches = pictures == 1 ? model.vision_hidden(n_rows)
                                             : encode.input(GGML_TYPE_F32, v.n_embd, n_rows);
        siglip.embed(encode, pixels, patches);
        siglip.block(encode, 0, patches);
        encode.output(networks.projector().project(encode, siglip.encoded(encode, patches)));
        visit(kind, encode);
    }
    const int64_t n = v.n_patches() + 8;
    const SlotLease slot = model.take_slot(n);
    Graph prefill(gemma.max_nodes(/*n_layers=*/1, n));
    ggml_tensor* h = layers::rows(prefill, model.text_hidden(n), 0, n);
    gemma.prefill_layer(prefill, 0, h, prefill.input(GGML_TYPE_I32, n), &slot->cache.layer(0),
                        /*first=*/0);
    prefill.output(gemma.logits(prefill, layers::rows(prefill, h, n - 1, 1)));
    visit(GraphKind::Prefill, prefill);
    const DecodePart one{slot.get(), KvCache::BUCKET, 1}, two{slot.get(), KvCache::BUCKET, 2};
    for (const auto& parts : {std::vector{one}, std::vector{two}, std::vector{one, one}}) {
        DecodeGraph decode(networks, parts, /*taps=*/nullptr);
        visit(GraphKind::Decode, decode.graph);
    }
}

void probe(ServingModel& model, ggml_type kv_type) {
    const Backend& backend = model.networks().backend();
    auto check = [&](GraphKind kind, Graph& graph) {
        require_supported(backend, graph);
        if (kind == GraphKind::Encode || kind == GraphKind::Prefill) model.memory().reserve(graph);
    };
    try {
        visit_graphs(model, check);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::DeviceUnavailable) throw;
        // Without fused attention a GPU would widen all of such a cache for every token.
        if (!backend.is_cpu() && ggml_is_quantized(kv_type)) {
            const char* found = ggml_type_name(kv_type);
            throw Error(ErrorCode::DeviceUnavailable,
                        error.message() + "; the key-value cache is of type " + found,
                        {.name = "kvType",
                         .found = found,
                         .expected = "a type that " + backend.info().name + " can attend to",
                         .remedy = Remedy::KvType});
        }
        layers::Policy& policy = model.networks().policy();
        policy.fused_prefill = policy.fused_decode = false;
        visit_graphs(model, check);
    }
}

}  // namespace paligemma
