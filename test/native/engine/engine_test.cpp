// The engine from the outside: load, generate, cancel, dispose, and every way a model file can be
// wrong.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/engine.h"
#include "support/engine_host.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

GenerateParams question(int max_tokens, uint8_t shade = 100) {
    GenerateParams p{};
    p.images = {std::vector<uint8_t>(28 * 28 * 3, shade)};
    p.prompt = "abc";
    p.max_tokens = max_tokens;
    return p;
}

// The code with which loading `model` fails, and the subject of the error; ok when it loads.
std::pair<std::string, std::string> load_result(const TinyModel& model,
                                                bool check_tensors = false) {
    TemporaryFile file(model.build());
    EngineHost host;
    LoadParams p = EngineHost::params(file.path());
    p.networks.check_tensors = check_tensors;
    const Answer a = host.load(p);
    if (!a.error) return {"ok", ""};
    CHECK(!a.error->message().empty());
    return {to_string(a.error->code()), a.error->facts().name};
}

}  // namespace

TEST("a model answers the same question the same way, whatever runs at the same time") {
    TemporaryFile file(TinyModel().build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    const Answer alone = host.generate(question(20));
    CHECK_EQ(alone.tokens.size(), size_t{20});
    std::vector<uint64_t> ids;
    for (int i = 0; i < 6; ++i) {
        ids.push_back(host.next_id());
        host.engine().generate(ids.back(), question(20, static_cast<uint8_t>(i == 3 ? 100 : i)));
    }
    for (int i = 0; i < 6; ++i) {
        const Answer a = host.wait(ids[i]);
        CHECK(!a.error);
        if (i == 3) CHECK_EQ(a.tokens, alone.tokens);
    }
    CHECK_EQ(host.n_double(), 0);
}

TEST("a long answer does not starve short ones, nor they it") {
    TemporaryFile file(TinyModel().build());
    EngineHost host;
    LoadParams params = EngineHost::params(file.path());
    params.n_slots = 3;
    CHECK(!host.load(params).error);
    constexpr int N_SHORT = 30, N_LONG_TOKENS = 120;
    const uint64_t long_one = host.next_id();
    host.hold_at(long_one, 1);
    host.engine().generate(long_one, question(N_LONG_TOKENS));
    std::vector<uint64_t> short_ones;
    for (int i = 0; i < N_SHORT; ++i) {
        short_ones.push_back(host.next_id());
        host.engine().generate(short_ones.back(), question(2, static_cast<uint8_t>(i)));
    }
    host.release();
    for (uint64_t id : short_ones) CHECK(!host.wait(id).error);
    CHECK_EQ(host.wait(long_one).tokens.size(), size_t{N_LONG_TOKENS});
    const auto order = host.token_order();
    const auto last_of = [&](uint64_t id) {
        return std::find(order.rbegin(), order.rend(), id).base() - order.begin();
    };
    // The first short one is over long before the long one is.
    CHECK(std::count(order.begin(), order.begin() + last_of(short_ones[0]), long_one) < 20);
    // The long one takes part in the steps of the short ones, two of which run at the same time.
    CHECK(std::count(order.begin(), order.begin() + last_of(short_ones.back()), long_one) >
          N_SHORT / 3);
}

TEST("a picture that two requests encode at once is encoded once and blocks no request") {
    TemporaryFile file(TinyModel().build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    for (int round = 0; round < 20; ++round) {
        const std::vector<uint8_t> picture(28 * 28 * 3, static_cast<uint8_t>(round));
        std::vector<uint64_t> ids;
        for (int i = 0; i < 4; ++i) {
            ids.push_back(host.next_id());
            host.engine().encode(ids.back(), picture);
        }
        for (uint64_t id : ids) CHECK(host.wait(id).outcome.has_value());
        CHECK(!host.generate(question(2)).error);
    }
}

TEST("a cancelled request ends with Aborted and its slot serves the next one") {
    TemporaryFile file(TinyModel().build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    const Answer expected = host.generate(question(10));
    for (size_t n = 0; n < 8; ++n) {
        const uint64_t id = host.next_id();
        host.hold_at(id, std::max<size_t>(n, 1));
        host.engine().generate(id, question(240));
        host.wait_tokens(id, n);
        host.engine().cancel(id);
        host.release();
        const Answer a = host.wait(id);
        CHECK(a.error && a.error->code() == ErrorCode::Aborted);
    }
    CHECK_EQ(host.generate(question(10)).tokens, expected.tokens);
}

TEST("dispose ends running and queued requests with Disposed, and refuses later ones") {
    TemporaryFile file(TinyModel().build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    std::vector<uint64_t> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(host.next_id());
        if (i == 0) host.hold_at(ids[0], 1);
        host.engine().generate(ids.back(), question(240));
    }
    host.wait_tokens(ids[0], 1);
    const uint64_t last = host.next_id();
    host.engine().dispose(last);
    host.release();
    CHECK(host.wait(last).outcome.has_value());
    for (uint64_t id : ids) {
        const Answer a = host.wait(id);
        CHECK(a.error && a.error->code() == ErrorCode::Disposed);
    }
    const Answer late = host.generate(question(1));
    CHECK(late.error && late.error->code() == ErrorCode::Disposed);
}

TEST("a file without one tensor, or with one too many, names it") {
    const TinyModel whole;
    CHECK_EQ(load_result(whole).first, std::string("ok"));
    for (size_t i = 0; i < whole.tensors.size(); ++i) {
        TinyModel model;
        const std::string name = model.tensors[i].name;
        model.tensors.erase(model.tensors.begin() + static_cast<ptrdiff_t>(i));
        const auto [code, subject] = load_result(model);
        CHECK_EQ(code, std::string("ERR_MODEL_TENSOR_MISSING"));
        CHECK_EQ(subject, name);
        TinyModel renamed;
        renamed.tensors[i].name = "unknown.weight";
        CHECK_EQ(load_result(renamed).first, std::string("ERR_MODEL_TENSOR_MISSING"));
    }
    TinyModel surplus;
    surplus.tensors.push_back({"unknown.weight", {4}, 0, Bytes(16)});
    CHECK_EQ(load_result(surplus).first, std::string("ERR_MODEL_TENSOR_SURPLUS"));
}

TEST("a tensor of another shape or type names itself") {
    const TinyModel whole;
    for (size_t i = 0; i < whole.tensors.size(); ++i) {
        TinyModel model;
        auto& dims = model.tensors[i].dims;
        if (model.tensors[i].name == "token_embd.weight")
            continue;  // its rows are the vocabulary: next test
        dims.back() += 1;
        model.tensors[i].data.resize(model.tensors[i].data.size() / (dims.back() - 1) *
                                     dims.back());
        const auto [code, subject] = load_result(model);
        CHECK_EQ(code, std::string("ERR_MODEL_TENSOR_SHAPE"));
        CHECK_EQ(subject, whole.tensors[i].name);
    }
    TinyModel type;
    auto& norm = type.tensor("output_norm.weight");
    norm.type = 8;  // q8_0: one block
    norm.data.resize(34);
    CHECK_EQ(load_result(type).first, std::string("ERR_MODEL_TENSOR_TYPE"));
}

TEST("tokens, embedding rows and ids must agree") {
    TinyModel fewer;
    fewer.pieces.pop_back();
    CHECK_EQ(load_result(fewer).first, std::string("ERR_MODEL_CORRUPT"));
    TinyModel more;
    more.pieces.push_back("more");
    CHECK_EQ(load_result(more).first, std::string("ERR_MODEL_CORRUPT"));
    TinyModel bos;
    bos.more_keys = [](GgufWriter& w) { w.key_u32("tokenizer.ggml.bos_token_id", 1000); };
    CHECK_EQ(load_result(bos).first, std::string("ERR_MODEL_CORRUPT"));
    // Logits are read up to the placeholder of a picture: ids that are looked up must be below it.
    const std::pair<const char*, uint32_t> beyond[] = {
        {"tokenizer.ggml.eos_token_id", 31},
        {"paligemma.first_loc_token", 5},
        {"paligemma.first_seg_token", 5},
    };
    for (const auto& [key, id] : beyond) {
        TinyModel model;
        model.pieces[30] = "<image>";
        model.more_keys = [&](GgufWriter& w) { w.key_u32(key, id); };
        const auto [code, subject] = load_result(model);
        CHECK_EQ(code, std::string("ERR_MODEL_CORRUPT"));
        CHECK_EQ(subject, std::string(key));
    }
    TinyModel twice;
    twice.pieces[10] = twice.pieces[11];
    CHECK_EQ(load_result(twice).first, std::string("ERR_TOKENIZER_FORMAT"));
}

TEST("sizes that contradict each other, or are absurd, are refused") {
    const std::vector<std::pair<const char*, std::function<void(TinyModel&)>>> lies = {
        {"heads", [](TinyModel& m) { m.config.text.n_head = 3; }},
        {"no heads", [](TinyModel& m) { m.config.text.n_head_kv = 0; }},
        {"odd head", [](TinyModel& m) { m.config.text.head_dim = 15; }},
        {"layers", [](TinyModel& m) { m.config.text.n_layer = 100000; }},
        {"patch", [](TinyModel& m) { m.config.vision.patch_size = 13; }},
        {"no patch", [](TinyModel& m) { m.config.vision.patch_size = 0; }},
        {"vision heads", [](TinyModel& m) { m.config.vision.n_head = 5; }},
        {"image", [](TinyModel& m) { m.config.vision.image_size = 1 << 30; }},
        {"context", [](TinyModel& m) { m.config.text.n_ctx = 0; }},
    };
    for (const auto& [name, lie] : lies) {
        TinyModel model;
        lie(model);
        CHECK_EQ(std::string(name) + " " + load_result(model).first,
                 std::string(name) + " ERR_MODEL_CORRUPT");
    }
    TinyModel other;
    other.architecture = "llama";
    CHECK_EQ(load_result(other).first, std::string("ERR_MODEL_ARCH"));
}

TEST("a cache of blocks wants heads of whole blocks") {
    for (const auto& [head_dim, type, ok] : {std::tuple{16, "q8_0", false},
                                             {32, "q8_0", true},
                                             {16, "f16", true},
                                             {32, "q4_0", false}}) {
        ModelConfig sizes = TinyModel::default_config();
        sizes.text.head_dim = head_dim;
        TemporaryFile file(TinyModel(sizes).build());
        EngineHost host;
        LoadParams params = EngineHost::params(file.path());
        params.kv_type = type;
        const Answer a = host.load(params);
        CHECK_EQ(!a.error, ok);
        if (ok) {
            CHECK(!host.generate(question(5)).error);
        } else {
            CHECK(a.error->code() == ErrorCode::OptionRange);
            CHECK_EQ(a.error->facts().name, std::string("kvType"));
        }
    }
}

TEST("NaN in a weight is found at load when asked, else at the first logits") {
    for (const char* name : {"blk.1.ffn_down.weight", "v.post_ln.bias", "token_embd.weight"}) {
        TinyModel model;
        const uint32_t nan = std::bit_cast<uint32_t>(std::numeric_limits<float>::quiet_NaN());
        for (int i = 0; i < 4; ++i)
            model.tensor(name).data[40 + i] = static_cast<uint8_t>(nan >> (8 * i));
        const auto [code, subject] = load_result(model, true);
        CHECK_EQ(code, std::string("ERR_MODEL_CORRUPT"));
        CHECK_EQ(subject, std::string(name));
        TemporaryFile file(model.build());
        EngineHost host;
        CHECK(!host.load(EngineHost::params(file.path())).error);
        const Answer a = host.generate(question(5));
        CHECK(a.error && a.error->code() == ErrorCode::EngineNumeric);
    }
}

TEST("NaN of one request does not reach the next one in its slot") {
    TinyModel model;
    // Only pictures meet it.
    Bytes& bias = model.tensor("mm.input_projection.bias").data;
    const uint32_t nan = std::bit_cast<uint32_t>(std::numeric_limits<float>::quiet_NaN());
    for (int i = 0; i < 4; ++i) bias[i] = static_cast<uint8_t>(nan >> (8 * i));
    TemporaryFile file(model.build());
    EngineHost host;
    LoadParams params = EngineHost::params(file.path());
    params.n_slots = 1;
    CHECK(!host.load(params).error);
    GenerateParams text = question(10);
    text.images.clear();
    const Answer expected = host.generate(text);
    CHECK_EQ(expected.tokens.size(), size_t{10});

    const Answer failed = host.generate(question(10));
    CHECK(failed.error && failed.error->code() == ErrorCode::EngineNumeric);
    CHECK_EQ(host.generate(text).tokens, expected.tokens);

    // The logits of a trace are not checked, nor those of a request that is aborted.
    const uint64_t trace = host.next_id();
    host.engine().trace(trace, {.image = question(1).images[0], .prefix = {2, 6, 4}, .suffix = {}});
    CHECK(!host.wait(trace).error);
    CHECK_EQ(host.generate(text).tokens, expected.tokens);
}

TEST("candidates with tokens that are never sampled are refused") {
    TinyModel model;
    model.pieces[30] = "<image>";
    TemporaryFile file(model.build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    auto score = [&](const char* candidate) {
        const uint64_t id = host.next_id();
        ScoreParams params{};
        params.prompt = "abc";
        params.candidates = {"a", candidate};
        host.engine().score(id, std::move(params));
        return host.wait(id);
    };
    CHECK(!score("x").error);
    // Piece 31 is after the placeholder.
    const Answer a = score("z");
    CHECK(a.error && a.error->code() == ErrorCode::OptionRange);
    if (a.error) CHECK_EQ(a.error->facts().name, std::string("candidate"));
}

TEST("what is not a regular file is refused without waiting") {
    EngineHost missing;
    const Answer a = missing.load(EngineHost::params("/does/not/exist.gguf"));
    CHECK(a.error && a.error->code() == ErrorCode::ModelNotFound);
    EngineHost folder;
    const Answer b =
        folder.load(EngineHost::params(std::filesystem::temp_directory_path().string()));
    CHECK(b.error && b.error->code() == ErrorCode::ModelFormat);
}

TEST("a model loads from a text file and a vision file") {
    TinyModel text, vision;
    const Bytes whole = TinyModel().build();
    std::erase_if(text.tensors,
                  [](auto& t) { return t.name.starts_with("v.") || t.name.starts_with("mm."); });
    std::erase_if(vision.tensors,
                  [](auto& t) { return !t.name.starts_with("v.") && !t.name.starts_with("mm."); });
    vision.architecture = "clip";
    TemporaryFile both(whole), a(text.build()), b(vision.build());
    EngineHost one, two;
    CHECK(!one.load(EngineHost::params(both.path())).error);
    LoadParams p = EngineHost::params(a.path());
    p.paths.push_back(b.path());
    const Answer loaded = two.load(p);
    if (loaded.error) CHECK_EQ(loaded.error->message(), std::string());
    CHECK_EQ(two.generate(question(20)).tokens, one.generate(question(20)).tokens);
}

TEST("sequences that run together generate what each generates alone, whichever leave or join") {
    TemporaryFile file(TinyModel().build());
    EngineHost host;
    LoadParams params = EngineHost::params(file.path());
    params.n_slots = 9;
    CHECK(!host.load(params).error);
    auto request = [](size_t i) {
        GenerateParams p = question(8 + static_cast<int>(i) * 5);
        p.prompt = std::string(1 + i, static_cast<char>('a' + i));
        p.sampling.temperature = 1.f;
        p.sampling.seed = 40 + i;
        return p;
    };
    std::vector<std::vector<int32_t>> alone;
    for (size_t i = 0; i < 9; ++i) alone.push_back(host.generate(request(i)).tokens);
    for (size_t aborted = 0; aborted < 9; ++aborted) {
        std::vector<uint64_t> ids;
        for (size_t i = 0; i < 9; ++i) {
            ids.push_back(host.next_id());
            host.engine().generate(ids.back(), request(i));
        }
        host.engine().cancel(ids[aborted]);
        for (size_t i = 0; i < 9; ++i) {
            const Answer answer = host.wait(ids[i]);
            if (i == aborted && answer.error) {
                CHECK(answer.error->code() == ErrorCode::Aborted);
            } else {
                CHECK_EQ(answer.tokens, alone[i]);
            }
        }
    }
}

}  // namespace paligemma::test
