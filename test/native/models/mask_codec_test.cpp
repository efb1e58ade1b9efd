// The mask codec on random weights against plain loops in double precision, written from PyTorch's
// definitions. Trained weights are compared with the reference in test/parity.
#include "models/mask_codec.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "support/engine_host.h"
#include "support/random.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

using Doubles = std::vector<double>;

struct Codec {
    TinyModel model;
    std::map<std::string, Doubles> tensors;

    explicit Codec(const std::string& left_out = "-")
        : model([] {
              ModelConfig config = TinyModel::default_config();
              config.has_mask_codec = true;
              return config;
          }()) {
        std::erase_if(model.tensors,
                      [&](const TinyTensor& t) { return t.name.starts_with(left_out); });
        for (auto& t : model.tensors) {
            if (!t.name.starts_with("mask.")) continue;
            std::vector<float> values(t.data.size() / sizeof(float));
            std::memcpy(values.data(), t.data.data(), t.data.size());
            // Activations that neither die nor explode over twelve layers.
            if (t.dims.size() == 4)
                for (float& v : values)
                    v *= 10.f / std::sqrt(static_cast<float>(values.size() / t.dims[3]));
            std::memcpy(t.data.data(), values.data(), t.data.size());
            tensors[t.name] = {values.begin(), values.end()};
        }
    }
};

// Planes of one picture, [channels][side][side].
struct Planes {
    int n, side;
    Doubles data;
    double at(int c, int y, int x) const {
        return y < 0 || x < 0 || y >= side || x >= side ? 0.0 : data[(c * side + y) * side + x];
    }
    double& at(int c, int y, int x) { return data[(c * side + y) * side + x]; }
};

Planes relu(Planes p) {
    for (double& v : p.data) v = std::max(v, 0.0);
    return p;
}

// torch.nn.Conv2d: weight [n_out][n_in][size][size]
Planes conv(const Codec& codec, const std::string& name, const Planes& in, int size, int stride,
            int pad) {
    const Doubles& w = codec.tensors.at(name + ".weight");
    const Doubles& b = codec.tensors.at(name + ".bias");
    Planes out{static_cast<int>(b.size()), in.side / stride, {}};
    out.data.resize(b.size() * out.side * out.side);
    for (int o = 0; o < out.n; ++o)
        for (int y = 0; y < out.side; ++y)
            for (int x = 0; x < out.side; ++x) {
                double sum = b[o];
                for (int c = 0; c < in.n; ++c)
                    for (int ky = 0; ky < size; ++ky)
                        for (int kx = 0; kx < size; ++kx)
                            sum += w[((o * in.n + c) * size + ky) * size + kx] *
                                   in.at(c, y * stride - pad + ky, x * stride - pad + kx);
                out.at(o, y, x) = sum;
            }
    return out;
}

// torch.nn.ConvTranspose2d(kernel 4, stride 2, padding 1): weight [n_in][n_out][4][4]
Planes conv_transposed(const Codec& codec, const std::string& name, const Planes& in) {
    const Doubles& w = codec.tensors.at(name + ".weight");
    const Doubles& b = codec.tensors.at(name + ".bias");
    Planes out{static_cast<int>(b.size()), in.side * 2, {}};
    for (double bias : b) out.data.insert(out.data.end(), out.side * out.side, bias);
    for (int c = 0; c < in.n; ++c)
        for (int y = 0; y < in.side; ++y)
            for (int x = 0; x < in.side; ++x)
                for (int o = 0; o < out.n; ++o)
                    for (int ky = 0; ky < 4; ++ky)
                        for (int kx = 0; kx < 4; ++kx) {
                            const int to_y = 2 * y - 1 + ky, to_x = 2 * x - 1 + kx;
                            if (to_y < 0 || to_x < 0 || to_y >= out.side || to_x >= out.side)
                                continue;
                            out.at(o, to_y, to_x) +=
                                in.at(c, y, x) * w[((c * out.n + o) * 4 + ky) * 4 + kx];
                        }
    return out;
}

Planes residual(const Codec& codec, const std::string& name, const Planes& in) {
    Planes p = relu(conv(codec, name + ".net.0", in, 3, 1, 1));
    p = relu(conv(codec, name + ".net.2", p, 3, 1, 1));
    p = conv(codec, name + ".net.4", p, 1, 1, 0);
    for (size_t i = 0; i < p.data.size(); ++i) p.data[i] += in.data[i];
    return p;
}

Doubles decode_by_hand(const Codec& codec, const int32_t* codes) {
    const Doubles& book = codec.tensors.at("mask.codebook");
    Planes p{512, 4, Doubles(512 * 16)};
    for (int i = 0; i < 16; ++i)
        for (int c = 0; c < 512; ++c) p.at(c, i / 4, i % 4) = book[codes[i] * 512 + c];
    p = relu(conv(codec, "mask.dec.0", p, 1, 1, 0));
    for (const char* name : {"mask.dec.2", "mask.dec.3"}) p = residual(codec, name, p);
    for (const char* name : {"mask.dec.4", "mask.dec.6", "mask.dec.8", "mask.dec.10"})
        p = relu(conv_transposed(codec, name, p));
    return conv(codec, "mask.dec.12", p, 1, 1, 0).data;
}

// Squared distances [16][128] of the features to the codebook.
Doubles distances_by_hand(const Codec& codec, const float* mask) {
    Planes p{1, 64, Doubles(mask, mask + 4096)};
    for (double& v : p.data) v = 2 * (v - 0.5);
    for (const char* name : {"mask.enc.0", "mask.enc.2", "mask.enc.4", "mask.enc.6"})
        p = relu(conv(codec, name, p, 4, 2, 1));
    for (const char* name : {"mask.enc.8", "mask.enc.9"}) p = residual(codec, name, p);
    p = conv(codec, "mask.enc.10", p, 1, 1, 0);
    const Doubles& book = codec.tensors.at("mask.codebook");
    Doubles distances;
    for (int i = 0; i < 16; ++i)
        for (int row = 0; row < 128; ++row) {
            double sum = 0;
            for (int c = 0; c < 512; ++c) {
                const double d = p.at(c, i / 4, i % 4) - book[row * 512 + c];
                sum += d * d;
            }
            distances.push_back(sum);
        }
    return distances;
}

std::vector<int32_t> some_codes(int n) {
    Random random(3);
    std::vector<int32_t> codes(16 * static_cast<size_t>(n));
    for (int32_t& c : codes) c = static_cast<int32_t>(random.below(128));
    codes[0] = 0, codes[1] = 127;
    return codes;
}

std::vector<float> some_masks(int n) {
    Random random(4);
    std::vector<float> masks(4096 * static_cast<size_t>(n));
    for (float& m : masks) m = static_cast<float>(random.below(256)) / 255.f;
    return masks;
}

Answer decode(EngineHost& host, std::vector<int32_t> codes) {
    const uint64_t id = host.next_id();
    host.engine().decode_masks(id, std::move(codes));
    return host.wait(id);
}

Answer encode(EngineHost& host, std::vector<float> masks) {
    const uint64_t id = host.next_id();
    host.engine().encode_masks(id, std::move(masks));
    return host.wait(id);
}

// The codec on its own, without an engine.
struct Alone {
    explicit Alone(const Codec& codec)
        : temporary(codec.model.build()), file(temporary.path()), gguf(file.parse()) {
        for (const auto& t : gguf.tensors())
            if (t.name.starts_with("mask."))
                requests.push_back({&file, &t, t.name, false, false, "ggml"});
        mask_codec.emplace(*backend, requests, cancel);
    }
    std::unique_ptr<Backend> backend = Backend::open("cpu", 2);
    TemporaryFile temporary;
    ModelFile file;
    GgufFile gguf;
    std::vector<WeightRequest> requests;
    std::atomic<int> cancel{0};
    std::optional<MaskCodec> mask_codec;
};

}  // namespace

TEST("codes become the mask that the layers' definitions yield, alone and several at once") {
    const Codec codec;
    Alone alone(codec);
    const auto codes = some_codes(3);
    const auto masks = alone.mask_codec->decode(codes, alone.cancel);
    CHECK_EQ(masks.size(), size_t{3 * 4096});
    const Doubles expected = decode_by_hand(codec, codes.data() + 16);
    double worst = 0, squares = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        worst = std::max(worst, std::fabs(masks[4096 + i] - expected[i]));
        squares += expected[i] * expected[i];
    }
    // In units of the root mean square: the order of additions in f32.
    const double rms = std::sqrt(squares / 4096);
    CHECK(rms > 1e-3);
    CHECK(worst < 2e-5 * rms);
    for (int i = 0; i < 3; ++i) {
        const auto one =
            alone.mask_codec->decode(std::span(codes).subspan(16 * i, 16), alone.cancel);
        double difference = 0;
        for (int j = 0; j < 4096; ++j)
            difference = std::max<double>(difference, std::fabs(one[j] - masks[4096 * i + j]));
        CHECK(difference < 2e-5 * rms);
    }
}

TEST("a mask becomes the codes of the nearest rows, alone and several at once") {
    const Codec codec;
    Alone alone(codec);
    const auto masks = some_masks(2);
    const auto codes = alone.mask_codec->encode(masks, alone.cancel);
    CHECK_EQ(codes.size(), size_t{32});
    const Doubles distances = distances_by_hand(codec, masks.data() + 4096);
    for (int i = 0; i < 16; ++i) {
        const double* row = &distances[128 * static_cast<size_t>(i)];
        const double nearest = *std::min_element(row, row + 128);
        // Two rows may be equally near within the rounding of f32.
        CHECK(row[codes[16 + i]] <= nearest * (1 + 1e-5));
    }
    std::vector<int32_t> one;
    for (int i = 0; i < 2; ++i)
        for (int32_t c :
             alone.mask_codec->encode(std::span(masks).subspan(4096 * i, 4096), alone.cancel))
            one.push_back(c);
    CHECK_EQ(one, codes);
}

TEST("masks run along with answers, count as memory from the first use, and end when cancelled") {
    TemporaryFile file(Codec().model.build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    CHECK(host.engine().info().has_mask_codec);
    const ModelMemory before = host.engine().memory();
    const auto codes = some_codes(5);
    const auto masks = some_masks(2);
    const Answer decoded = decode(host, codes);
    CHECK(!decoded.error);
    CHECK_EQ(std::get<DecodedMasks>(*decoded.outcome).data.size(), size_t{5 * 4096});
    // 2 050 929 weights of spec section 7 in f32.
    const ModelMemory after = host.engine().memory();
    CHECK(after.weights >= before.weights + 4 * 2050929);
    CHECK(after.weights < before.weights + 4 * 2050929 + 8192);
    CHECK(after.compute > before.compute);

    const uint64_t answer = host.next_id();
    GenerateParams question{};
    question.prompt = "abc";
    question.max_tokens = 100;
    host.engine().generate(answer, std::move(question));
    CHECK_EQ(std::get<EncodedMasks>(*encode(host, masks).outcome).codes.size(), size_t{32});
    CHECK(!host.wait(answer).error);

    const uint64_t many = host.next_id();
    host.engine().decode_masks(many, some_codes(MaskCodec::MAX_MASKS));
    host.engine().cancel(many);
    const Answer cancelled = host.wait(many);
    CHECK(cancelled.error && cancelled.error->code() == ErrorCode::Aborted);
    const Answer again = decode(host, codes);
    CHECK(std::get<DecodedMasks>(*again.outcome).data ==
          std::get<DecodedMasks>(*decoded.outcome).data);
    CHECK_EQ(host.n_double(), 0);
}

TEST("codes and masks out of range, of another length or NaN are refused") {
    TemporaryFile file(Codec().model.build());
    EngineHost host;
    CHECK(!host.load(EngineHost::params(file.path())).error);
    auto check = [](const Answer& a, const std::string& subject) {
        CHECK(a.error && a.error->code() == ErrorCode::OptionRange);
        if (a.error) CHECK_EQ(a.error->facts().name, subject);
    };
    for (int32_t wrong : {-1, 128, std::numeric_limits<int32_t>::max()}) {
        auto codes = some_codes(2);
        codes[20] = wrong;
        check(decode(host, codes), "codes[20]");
    }
    check(decode(host, std::vector<int32_t>(17)), "codes.length");
    check(decode(host, std::vector<int32_t>((MaskCodec::MAX_MASKS + 1) * MaskCodec::N_CODES)),
          "codes.length");
    constexpr float INF = std::numeric_limits<float>::infinity();
    for (float wrong : {-0.01f, 1.01f, INF, -INF, std::numeric_limits<float>::quiet_NaN()}) {
        auto masks = some_masks(1);
        masks[4095] = wrong;
        check(encode(host, masks), "masks[4095]");
    }
    check(encode(host, std::vector<float>(4095)), "masks.length");
    check(encode(host, std::vector<float>((MaskCodec::MAX_MASKS + 1) * MaskCodec::N_PIXELS)),
          "masks.length");
    CHECK(std::get<DecodedMasks>(*decode(host, {}).outcome).data.empty());
    CHECK(std::get<EncodedMasks>(*encode(host, {}).outcome).codes.empty());
}

TEST("what the file lacks of the codec is named, and the other half works") {
    struct Case {
        const char *left_out, *missing_decoder, *missing_encoder;
    };
    for (const Case& c : {Case{"mask.", "mask.codebook", "mask.codebook"},
                          Case{"mask.enc.", "", "mask.enc.0.weight"},
                          Case{"mask.dec.12.bias", "mask.dec.12.bias", ""}}) {
        TemporaryFile file(Codec(c.left_out).model.build());
        EngineHost host;
        CHECK(!host.load(EngineHost::params(file.path())).error);
        for (const auto& [answer, missing] :
             {std::pair{decode(host, some_codes(1)), std::string(c.missing_decoder)},
              std::pair{encode(host, some_masks(1)), std::string(c.missing_encoder)}}) {
            CHECK_EQ(answer.error.has_value(), !missing.empty());
            if (!answer.error) continue;
            CHECK_EQ(std::string(to_string(answer.error->code())),
                     std::string("ERR_MODEL_TENSOR_MISSING"));
            CHECK_EQ(answer.error->facts().name, missing);
            CHECK(answer.error->facts().remedy == Remedy::MaskCodec);
        }
    }
}

TEST("weights that are not finite, or so large that the result is not, are found") {
    struct Case {
        float value;
        ErrorCode expected;
    };
    for (const Case& c : {Case{std::numeric_limits<float>::quiet_NaN(), ErrorCode::ModelCorrupt},
                          Case{std::numeric_limits<float>::max(), ErrorCode::EngineNumeric}}) {
        Codec codec;
        // The last layers: before a ReLU, NaN ends as 0.
        for (const char* name : {"mask.dec.12.weight", "mask.enc.10.weight"}) {
            Bytes& data = codec.model.tensor(name).data;
            for (size_t at = 0; at < data.size(); at += sizeof(float))
                std::memcpy(data.data() + at, &c.value, sizeof(float));
        }
        TemporaryFile file(codec.model.build());
        EngineHost host;
        CHECK(!host.load(EngineHost::params(file.path())).error);
        const Answer decoded = decode(host, some_codes(1));
        CHECK(decoded.error && decoded.error->code() == c.expected);
        const Answer encoded = encode(host, some_masks(1));
        CHECK(encoded.error && encoded.error->code() == c.expected);
    }
}

}  // namespace paligemma::test
