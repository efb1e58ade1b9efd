// Asks the backend at load for every operation a request may need, so that ggml never meets one it
// lacks, which would abort the process.
#pragma once
#include <functional>

#include "engine/serving_model.h"

namespace paligemma {

enum class GraphKind { Encode, EncodeSeveral, Prefill, Decode };
// Builds the graphs with the most varied operations, one layer each, and shows them; none runs.
// Every slot must be free.
void visit_graphs(ServingModel& model, const std::function<void(GraphKind, Graph&)>& visit);

// Falls back to attention by plain matmuls where the backend has no fused attention for these head
// sizes. Also reserves the working memory. Throws DeviceUnavailable with the operation that the
// backend lacks; OutOfMemory.
void probe(ServingModel& model, ggml_type kv_type);

}  // namespace paligemma
