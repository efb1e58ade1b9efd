// ggml-metal cannot be compiled here. What it asks of each operation that our graphs hold is
// written down from its sources (ggml-metal-device.m, ggml_metal_device_supports_op, and the
// assertions of ggml-metal-ops.cpp), so that a graph which an Apple GPU would refuse fails on any
// machine.
#include <ggml-backend.h>

#include <map>
#include <set>
#include <string>

#include "engine/probe.h"
#include "support/engine_host.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

bool is_float(const ggml_tensor* t) {
    return t->type == GGML_TYPE_F32 || t->type == GGML_TYPE_F16;
}

// Types of src[0] and the result of a copy.
const std::set<std::pair<ggml_type, ggml_type>> COPIES = {
    {GGML_TYPE_F32, GGML_TYPE_F32},  {GGML_TYPE_F32, GGML_TYPE_F16},
    {GGML_TYPE_F32, GGML_TYPE_Q8_0}, {GGML_TYPE_F16, GGML_TYPE_F32},
    {GGML_TYPE_F16, GGML_TYPE_F16},  {GGML_TYPE_Q8_0, GGML_TYPE_F32},
    {GGML_TYPE_Q8_0, GGML_TYPE_F16},
};

// True when ggml-metal runs `op` on a GPU with simdgroup functions (A14, M1 and later).
bool metal_runs(const ggml_tensor* op) {
    const ggml_tensor *a = op->src[0], *b = op->src[1];
    switch (op->op) {
        case GGML_OP_NONE:
        case GGML_OP_RESHAPE:
        case GGML_OP_VIEW:
        case GGML_OP_PERMUTE:
            return true;
        case GGML_OP_SCALE:
        case GGML_OP_SQR:
            return ggml_is_contiguous_rows(a) && is_float(a);
        case GGML_OP_UNARY:
            return (ggml_get_unary_op(op) == GGML_UNARY_OP_GELU ||
                    ggml_get_unary_op(op) == GGML_UNARY_OP_TANH) &&
                   ggml_is_contiguous_rows(a) && is_float(a);
        case GGML_OP_GLU:
            return ggml_get_glu_op(op) == GGML_GLU_OP_GEGLU && ggml_is_contiguous_1(a) &&
                   is_float(a) && (b == nullptr || ggml_are_same_shape(a, b));
        case GGML_OP_ADD:
        case GGML_OP_MUL:
            return ggml_is_contiguous_rows(a) && ggml_is_contiguous_rows(b) && is_float(a) &&
                   a->type == b->type;
        case GGML_OP_CONCAT:
            return a->type == GGML_TYPE_F32 && b->type == GGML_TYPE_F32;
        case GGML_OP_NORM:
        case GGML_OP_RMS_NORM:
        case GGML_OP_SOFT_MAX:
            return ggml_is_contiguous_rows(a);
        case GGML_OP_ROPE:
            return b->ne[0] == a->ne[2];
        case GGML_OP_IM2COL:
            return ggml_is_contiguous(b) && b->type == GGML_TYPE_F32 && is_float(op);
        case GGML_OP_MUL_MAT:
            return b->type == GGML_TYPE_F32 && b->ne[2] % a->ne[2] == 0 && b->ne[3] % a->ne[3] == 0;
        case GGML_OP_CPY:
        case GGML_OP_CONT:
            return COPIES.count({a->type, op->type}) == 1 &&
                   a->ne[0] % ggml_blck_size(a->type) == 0;
        case GGML_OP_SET_ROWS:
            return a->type == GGML_TYPE_F32 && COPIES.count({a->type, op->type}) == 1;
        case GGML_OP_FLASH_ATTN_EXT: {
            const ggml_tensor *k = b, *v = op->src[2], *mask = op->src[3];
            const bool has_size =
                std::set<int64_t>{32, 40, 48, 64, 72, 80, 96, 112, 128, 192, 256, 320, 512, 576}
                    .count(a->ne[0]) == 1;
            return has_size && a->type == GGML_TYPE_F32 && k->type == v->type &&
                   (is_float(k) || k->type == GGML_TYPE_Q8_0) && k->ne[0] == v->ne[0] &&
                   k->ne[1] == v->ne[1] && k->ne[2] == v->ne[2] &&
                   (mask == nullptr || (mask->type == GGML_TYPE_F16 && mask->ne[0] == k->ne[1] &&
                                        mask->ne[1] >= a->ne[1]));
        }
        default:
            return false;
    }
}

// Head sizes of the published models: 72 in the vision tower, 256 in the language models.
ModelConfig sizes(const std::string& architecture) {
    ModelConfig c = TinyModel::default_config();
    c.text.architecture = architecture;
    c.text.head_dim = 256;
    c.text.has_post_norms = architecture == "gemma2";
    c.vision.n_embd = 144;
    return c;
}

}  // namespace

TEST("every operation of our graphs is one that ggml-metal runs") {
    std::set<std::string> seen;
    for (const std::string architecture : {"gemma", "gemma2"}) {
        TemporaryFile file(TinyModel(sizes(architecture)).build());
        for (const std::string kv_type : {"f16", "f32", "q8_0"}) {
            for (bool exact_gelu : {false, true}) {
                LoadParams params = EngineHost::params(file.path());
                params.kv_type = kv_type;
                params.networks.exact_gelu = exact_gelu;
                params.networks.kernels = "ggml";
                const std::atomic<int> cancel{0};
                ServingModel model(params, [](uint64_t, uint64_t) {}, cancel);
                layers::Policy& policy = model.networks().policy();
                policy.max_pictures = 4;
                // As on a GPU, and as on one without fused attention.
                for (bool is_fused : {true, false}) {
                    policy.fused_prefill = policy.fused_decode = is_fused;
                    visit_graphs(model, [&](GraphKind, Graph& graph) {
                        for (int i = 0; i < ggml_graph_n_nodes(graph.cgraph()); ++i) {
                            const ggml_tensor* node = ggml_graph_node(graph.cgraph(), i);
                            seen.insert(ggml_op_desc(node));
                            if (!metal_runs(node))
                                fail(__FILE__, __LINE__,
                                     architecture + ", " + kv_type + ": ggml-metal has no " +
                                         ggml_op_desc(node) + " like " + node->name);
                        }
                    });
                }
            }
        }
    }
    CHECK(seen.count("FLASH_ATTN_EXT") == 1);
    CHECK(seen.count("SOFT_MAX") == 1);
    CHECK(seen.count("SET_ROWS") == 1);
}

}  // namespace paligemma::test
