// Matmuls with packed weights as nodes of a ggml graph, on the CPU. Each loaded weight carries its
// kernel.
#pragma once
#include <ggml.h>

#include <string>

#include "kernels/packed_weights.h"
#include "kernels/tile.h"

namespace paligemma {

// Packs the loaded weight in place; from now on only the functions below may read it.
void pack_weight(ggml_tensor* weight, const Kernel* kernel);
// The kernel of a packed weight, else null; with m rows of activations, that for so many.
const Kernel* kernel_of(const ggml_tensor* weight);
const Kernel* kernel_of(const ggml_tensor* weight, int64_t m);

// Whether a kernel takes activations that were packed for or by another.
bool can_read(const Kernel* kernel, const Kernel* packed_by);

// x f32 [k, m], rows contiguous -> its packed form, for any matmuls whose weights' kernels can read
// it.
ggml_tensor* pack_activations(ggml_context* ctx, const Kernel* kernel, ggml_tensor* x);

// The same of x normalised, see Kernel::normalise. weight, bias f32 [k]; bias may be null.
ggml_tensor* pack_normalised(ggml_context* ctx, const Kernel* kernel, ggml_tensor* x,
                             ggml_tensor* weight, ggml_tensor* bias, float eps);

enum class Activation : bool { None, Gelu };
// What a matmul returns: f32 [n, m], or that packed as the weight's kernel wants its own
// activations, for which n must be a multiple of 32.
enum class Result : bool { F32, Packed };

// x: packed, of m rows; weight [k, n], bias f32 [n] or null -> activation(weight x + bias)
ggml_tensor* packed_matmul(ggml_context* ctx, ggml_tensor* weight, ggml_tensor* bias,
                           ggml_tensor* x, int64_t m, Activation activation = Activation::None,
                           Result result = Result::F32);

// gelu(gate x) * (up x), both weights [k, n] of one type
ggml_tensor* packed_gated_matmul(ggml_context* ctx, ggml_tensor* gate, ggml_tensor* up,
                                 ggml_tensor* x, int64_t m, Result result);

}  // namespace paligemma
