// GgufFile on damaged and hostile files, under AddressSanitizer: every outcome is an Error or a
// table that holds. PALIGEMMA_FUZZ_RUNS sets how many mutations run.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "compute/gguf_file.h"
#include "support/gguf_writer.h"
#include "support/random.h"
#include "support/test.h"
#include "support/work.h"

using namespace paligemma;
using namespace paligemma::test;

namespace {

__extension__ typedef unsigned __int128 uint128;

GgufFile parse(const Bytes& bytes) {
    const Bytes exact(bytes);  // capacity = size: ASan sees one byte more
    return GgufFile::parse(exact, exact.size(), "");
}

bool is_model_error(ErrorCode code) {
    return code == ErrorCode::ModelFormat || code == ErrorCode::ModelTruncated ||
           code == ErrorCode::ModelCorrupt || code == ErrorCode::ModelLimit ||
           code == ErrorCode::TensorShape || code == ErrorCode::TensorType;
}

// Calls every look-up with every key: a value or an Error.
void read_all(const GgufFile& file) {
    const auto attempt = [](auto&& read) {
        try {
            read();
        } catch (const Error& e) {
            CHECK(e.code() == ErrorCode::ModelFormat);
        }
    };
    for (std::string_view key : file.keys()) {
        CHECK(file.has(key));
        attempt([&] { file.get_uint(key); });
        attempt([&] { file.get_int(key); });
        attempt([&] { file.get_float(key); });
        attempt([&] { file.get_bool(key); });
        attempt([&] { file.get_string(key); });
        attempt([&] { file.get_floats(key); });
        attempt([&] { file.get_ints(key); });
        attempt([&] { CHECK_EQ(file.get_strings(key)->size(), file.array_size(key)); });
    }
}

// Every range is inside the file, has the size of its shape, and overlaps no other.
void check_table(const GgufFile& file) {
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
    for (const GgufTensor& t : file.tensors()) {
        const WeightTypeTraits& traits = traits_of(t.type);
        uint128 n = 1;
        for (int d = 0; d < 4; d++) {
            CHECK(t.ne[d] >= 1 && t.ne[d] < int64_t{1} << 31);
            if (d >= t.n_dims) CHECK_EQ(t.ne[d], 1);
            n *= static_cast<uint64_t>(t.ne[d]);
        }
        CHECK(t.n_dims >= 1 && t.n_dims <= 4);
        CHECK_EQ(static_cast<uint64_t>(t.ne[0]) % traits.block_size, 0u);
        CHECK(n * traits.block_bytes == uint128{t.n_bytes} * traits.block_size);
        CHECK(uint128{t.offset} + t.n_bytes <= file.file_size());
        CHECK_EQ(t.offset % file.alignment(), 0u);
        CHECK(!t.name.empty() && t.name.size() < 64);
        CHECK(file.find_tensor(t.name) == &t);
        ranges.emplace_back(t.offset, t.n_bytes);
    }
    std::sort(ranges.begin(), ranges.end());
    for (size_t i = 1; i < ranges.size(); i++) {
        const uint64_t end = ranges[i - 1].first + ranges[i - 1].second;
        CHECK(ranges[i].first >= end && ranges[i].first - end < file.alignment());
    }
    if (!ranges.empty())
        CHECK(file.file_size() - (ranges.back().first + ranges.back().second) < file.alignment());
}

// Values that broke readers before: around signs, widths and caps.
uint64_t interesting(Random& random) {
    static constexpr uint64_t NUMBERS[] = {0,
                                           1,
                                           2,
                                           3,
                                           4,
                                           5,
                                           8,
                                           9,
                                           12,
                                           13,
                                           31,
                                           32,
                                           63,
                                           64,
                                           0x7F,
                                           0x80,
                                           0xFF,
                                           0x100,
                                           1023,
                                           1024,
                                           8192,
                                           0xFFFF,
                                           0x10000,
                                           0xFFFFF,
                                           0x100000,
                                           0x7FFFFFFF,
                                           0x80000000,
                                           0xFFFFFFFF,
                                           0x100000000,
                                           0x3FFFFFFFFFFFFFFF,
                                           0x4000000000000000,
                                           0x7FFFFFFFFFFFFFFF,
                                           0x8000000000000000,
                                           0xFFFFFFFFFFFFFFE0,
                                           0xFFFFFFFFFFFFFFFF};
    return NUMBERS[random.below(std::size(NUMBERS))];
}

void mutate(Bytes& bytes, Random& random) {
    if (bytes.empty()) return;
    const size_t at = random.below(bytes.size());
    const size_t n = std::min<size_t>(1 + random.below(16), bytes.size() - at);
    switch (random.below(9)) {
        case 0:
            bytes[at] = static_cast<uint8_t>(random.next());
            break;
        case 1:
            bytes[at] ^= static_cast<uint8_t>(1u << random.below(8));
            break;
        case 2:
        case 3:
        case 4: {  // an integer of 4 or 8 bytes
            const uint64_t value = interesting(random);
            for (size_t i = 0; i < (random.below(2) ? 8u : 4u) && at + i < bytes.size(); i++)
                bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
            break;
        }
        case 5:
            bytes[at] = static_cast<uint8_t>(bytes[at] + (random.below(2) ? 1 : -1));
            break;
        case 6:
            bytes.erase(bytes.begin() + static_cast<int64_t>(at),
                        bytes.begin() + static_cast<int64_t>(at + n));
            break;
        case 7: {
            const Bytes copy(bytes.begin() + static_cast<int64_t>(at),
                             bytes.begin() + static_cast<int64_t>(at + n));
            bytes.insert(bytes.begin() + static_cast<int64_t>(random.below(bytes.size())),
                         copy.begin(), copy.end());
            break;
        }
        case 8:
            if (random.below(2))
                bytes.resize(at);
            else
                bytes.resize(bytes.size() + n);
            break;
    }
}

ErrorCode code_of(const Bytes& bytes) {
    try {
        parse(bytes);
    } catch (const Error& e) {
        return e.code();
    }
    throw std::runtime_error("the file was accepted");
}

GgufWriter with_keys(uint64_t n) {
    GgufWriter w;
    for (uint64_t i = 0; i < n; i++) w.key_u32("k" + std::to_string(i), 1);
    return w;
}

GgufWriter with_tensors(uint64_t n) {
    GgufWriter w;
    for (uint64_t i = 0; i < n; i++) w.tensor("t" + std::to_string(i), {8}, 0, Bytes(32));
    return w;
}

}  // namespace

TEST("a file cut at any byte is refused, from the magic on as truncated") {
    const Bytes whole = sample_gguf().build();
    parse(whole);
    for (size_t n = 0; n < whole.size(); n++) {
        const ErrorCode code =
            code_of(Bytes(whole.begin(), whole.begin() + static_cast<int64_t>(n)));
        CHECK_EQ(code, n < 4 ? ErrorCode::ModelFormat : ErrorCode::ModelTruncated);
    }
}

TEST("mutated files are refused or hold") {
    const char* wanted = std::getenv("PALIGEMMA_FUZZ_RUNS");
    const int n_runs = wanted ? std::atoi(wanted) : 20000;
    const Bytes whole = sample_gguf().build();
    Random random(2026);
    int n_accepted = 0;
    for (int run = 0; run < n_runs; run++) {
        Bytes bytes = whole;
        for (uint64_t n = 1 + random.below(3); n > 0; n--) mutate(bytes, random);
        try {
            const GgufFile file = parse(bytes);
            check_table(file);
            read_all(file);
            n_accepted++;
        } catch (const Error& e) {
            CHECK(is_model_error(e.code()));
            CHECK(!e.facts().name.empty() && !e.facts().found.empty() &&
                  !e.facts().expected.empty());
        }
    }
    // Damage to values and weights is not ours to see; damage to the structure is.
    CHECK(n_runs < 1000 || (n_accepted > n_runs / 50 && n_accepted < n_runs / 2));
}

TEST("sizes that wrap, are negative or zero are refused") {
    const auto claim = [](const std::vector<uint64_t>& dims, uint32_t type) {
        GgufWriter w;
        w.tensor_entry("t", dims, type, 0);
        w.tensor_entry("u", {8}, 0, 0);  // where a tensor of no bytes would leave room
        Bytes bytes = w.build();
        bytes.resize(bytes.size() + 32);
        return code_of(bytes);
    };
    const uint64_t two_31 = uint64_t{1} << 31, two_32 = uint64_t{1} << 32,
                   two_62 = uint64_t{1} << 62;
    CHECK(claim({two_32, two_32}, 0) == ErrorCode::ModelCorrupt);
    CHECK(claim({two_62 - 1}, 0) == ErrorCode::ModelCorrupt);
    CHECK(claim({2 * two_62 - 1, 2}, 24) == ErrorCode::ModelCorrupt);
    CHECK(claim({2 * two_62 - 1, 2}, 0) == ErrorCode::ModelCorrupt);
    CHECK(claim({~uint64_t{0}}, 0) == ErrorCode::ModelCorrupt);
    CHECK(claim({0}, 0) == ErrorCode::ModelCorrupt);
    CHECK(claim({8, 0}, 0) == ErrorCode::ModelCorrupt);
    CHECK(claim({}, 0) == ErrorCode::ModelCorrupt);
    // 2^124 elements: more than 64 bits of bytes, though each side is allowed
    CHECK(claim({two_31 - 1, two_31 - 1, two_31 - 1, two_31 - 1}, 0) == ErrorCode::ModelTruncated);
    // 2^62 elements of 4 bytes wrap to 0 in 64 bits
    CHECK(claim({two_31 / 2, two_31 / 2, 4}, 0) == ErrorCode::ModelTruncated);
    CHECK(claim({two_31 / 2, two_31 / 2, 256}, 14) == ErrorCode::ModelTruncated);
    // 4 TiB in 128 bytes
    CHECK(claim({uint64_t{1} << 20, uint64_t{1} << 20}, 0) == ErrorCode::ModelTruncated);
}

TEST("an offset that would wrap is refused") {
    for (uint64_t offset : {~uint64_t{31}, uint64_t{1} << 63, (uint64_t{1} << 63) - 32}) {
        GgufWriter w;
        w.tensor_entry("t", {8}, 0, offset);
        Bytes bytes = w.build();
        bytes.resize(bytes.size() + 64);
        CHECK(code_of(bytes) == ErrorCode::ModelTruncated);
    }
}

TEST("claimed counts and lengths are refused before they cost anything") {
    const auto claim_cost = [](auto change, ErrorCode expected) {
        GgufWriter w;
        w.key_u32("k", 1);
        change(w);
        const Bytes bytes = w.build();
        const uint64_t work = work_of([&] { CHECK(code_of(bytes) == expected); });
        CHECK(work < 2000);  // basic blocks: a few dozen fields
    };
    const auto string_of = [](uint64_t n_bytes) {
        Bytes payload;
        put(payload, n_bytes, 8);
        return payload;
    };
    for (uint64_t n : {uint64_t{1} << 21, uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0}}) {
        claim_cost([&](GgufWriter& w) { w.claimed_keys = n; }, ErrorCode::ModelLimit);
        claim_cost([&](GgufWriter& w) { w.claimed_tensors = n; }, ErrorCode::ModelLimit);
        claim_cost([&](GgufWriter& w) { w.key("s", 8, string_of(n)); }, ErrorCode::ModelLimit);
        for (uint32_t element : {0u, 5u, 8u, 12u})
            claim_cost([&](GgufWriter& w) { w.key_array("a", element, n, {}); },
                       ErrorCode::ModelLimit);
    }
    // Within the caps, but not in the file.
    claim_cost([](GgufWriter& w) { w.claimed_keys = 1024; }, ErrorCode::ModelTruncated);
    claim_cost([](GgufWriter& w) { w.claimed_tensors = 8192; }, ErrorCode::ModelTruncated);
    claim_cost([&](GgufWriter& w) { w.key("s", 8, string_of(1 << 20)); },
               ErrorCode::ModelTruncated);
    for (uint32_t element : {0u, 5u, 8u, 12u})
        claim_cost([&](GgufWriter& w) { w.key_array("a", element, 1 << 20, {}); },
                   ErrorCode::ModelTruncated);
}

TEST("a hundred thousand keys or tensors are over the limit at the first byte") {
    const Bytes keys = with_keys(100000).build(), tensors = with_tensors(100000).build();
    CHECK(work_of([&] { CHECK(code_of(keys) == ErrorCode::ModelLimit); }) < 2000);
    CHECK(work_of([&] { CHECK(code_of(tensors) == ErrorCode::ModelLimit); }) < 2000);
}

TEST("the work of reading is linear in keys and tensors") {
    if (!COUNTS_WORK) return;
    const auto growth = [](const Bytes& small, const Bytes& large) {
        const uint64_t once = work_of([&] { parse(small); });
        const uint64_t twice = work_of([&] { parse(large); });
        CHECK(once > 1000);  // the counter counts
        return static_cast<double>(twice) / static_cast<double>(once);
    };
    CHECK(growth(with_keys(512).build(), with_keys(1024).build()) < 2.3);
    CHECK(growth(with_tensors(4096).build(), with_tensors(8192).build()) <
          2.3);  // sorted by offset: n log n
    const auto with_strings = [](size_t n) {
        GgufWriter w;
        w.key_strings("tokens", std::vector<std::string>(n, "piece"));
        return w.build();
    };
    CHECK(growth(with_strings(100000), with_strings(200000)) < 2.3);
}
