// The table of error codes and the weight types, as far as they need no ggml.
#include "base/error.h"

#include <set>
#include <string>

#include "compute/weight_type.h"
#include "support/test.h"

using namespace paligemma;

TEST("every error code has its own name") {
    std::set<std::string> names;
    for (ErrorCode code : all_error_codes()) {
        const std::string name = to_string(code);
        CHECK(name.starts_with("ERR_"));
        CHECK(names.insert(name).second);
    }
    CHECK_EQ(names.size(), static_cast<size_t>(ErrorCode::EngineInternal) + 1);  // the last one
}

TEST("every remedy has its own name") {
    std::set<std::string> names{to_string(Remedy::None)};
    for (Remedy remedy : all_remedies()) CHECK(names.insert(to_string(remedy)).second);
    CHECK_EQ(names.size(), static_cast<size_t>(Remedy::KvType) + 1);  // the last one
}

TEST("mismatch makes a sentence of its facts") {
    const Error e = mismatch(ErrorCode::TensorShape, "blk.0.w", "[3, 4]", "[4, 3]");
    CHECK(e.code() == ErrorCode::TensorShape);
    CHECK_EQ(e.message(), "blk.0.w is [3, 4], expected [4, 3]");
    CHECK_EQ(std::string(e.what()), e.message());
    CHECK_EQ(e.facts().name, "blk.0.w");
    CHECK_EQ(e.facts().found, "[3, 4]");
    CHECK_EQ(e.facts().expected, "[4, 3]");
    CHECK_EQ(e.facts().hint, "");
}

TEST("weight types are found by name and by id") {
    CHECK_EQ(weight_types().size(), 8u);
    for (const WeightTypeTraits& t : weight_types()) {
        CHECK(traits_of(t.type).name == t.name);
        CHECK(weight_type_from_name(t.name) == t.type);
        CHECK(weight_type_from_gguf(t.gguf_id) == t.type);
    }
    CHECK(!weight_type_from_name("q4_1"));
    CHECK(!weight_type_from_name(""));
    CHECK(!weight_type_from_gguf(3));
    CHECK(!weight_type_from_gguf(0xFFFFFFFF));
}
