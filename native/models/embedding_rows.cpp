#include "models/embedding_rows.h"

#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/matmul.h"

namespace paligemma {

namespace {

// Only plain host memory holds the rows as they are in the file.
bool is_readable(const Backend& backend, const ggml_tensor* weight) {
    return ggml_backend_buffer_is_host(weight->buffer) &&
           ggml_backend_buffer_get_type(weight->buffer) == backend.default_buffer_type();
}

}  // namespace

EmbeddingRows::EmbeddingRows(const Backend& backend, const ModelFile& file,
                             const GgufTensor& tensor, const ggml_tensor* weight, float scale)
    : file_(file),
      tensor_(tensor),
      weight_(weight),
      data_(is_readable(backend, weight) ? static_cast<const uint8_t*>(weight->data) : nullptr),
      row_bytes_(tensor.n_bytes / tensor.ne[1]),
      scale_(scale) {}

void EmbeddingRows::get(int32_t id, float* out) const {
    if (id < 0 || id >= tensor_.ne[1]) {
        throw mismatch(ErrorCode::OptionRange, "token id", std::to_string(id),
                       "0 to " + std::to_string(tensor_.ne[1] - 1));
    }
    std::vector<uint8_t> row;
    const uint8_t* in = data_ + static_cast<uint64_t>(id) * row_bytes_;
    if (data_ == nullptr || kernel_of(weight_) != nullptr) {
        row.resize(row_bytes_);
        in = row.data();
    }
    if (data_ == nullptr) {
        file_.require_unchanged();
        file_.read(row.data(), tensor_.offset + static_cast<uint64_t>(id) * row_bytes_, row_bytes_);
    } else if (kernel_of(weight_) != nullptr) {
        unpack_row(weight_->type, kernel_of(weight_)->weight_bytes, tensor_.ne[0], tensor_.ne[1],
                   data_, id, row.data());
    }
    if (tensor_.type == WeightType::F32) {
        std::memcpy(out, in, row_bytes_);
    } else {
        ggml_get_type_traits(static_cast<ggml_type>(traits_of(tensor_.type).gguf_id))
            ->to_float(in, out, tensor_.ne[0]);
    }
    for (int64_t i = 0; i < tensor_.ne[0]; ++i) out[i] *= scale_;
}

}  // namespace paligemma
