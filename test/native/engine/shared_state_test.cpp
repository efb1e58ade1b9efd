// An engine computes on threads that other libraries of the process use too: it leaves them, and
// the process, as it found them, and its answers do not depend on how it found them.
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "support/engine_host.h"
#include "support/test.h"
#include "support/thread_state.h"
#include "support/tiny_model.h"

namespace paligemma::test {

namespace {

// All results of a few requests.
std::vector<float> elements_of(EngineHost& host, const std::string& model) {
    CHECK(!host.load(EngineHost::params(model)).error);
    std::vector<float> numbers;
    for (uint8_t shade : {30, 200}) {
        ScoreParams score{};
        score.images = {std::vector<uint8_t>(28 * 28 * 3, shade)};
        score.prompt = "abc";
        score.candidates = {"ab", "cde"};
        const uint64_t id = host.next_id();
        host.engine().score(id, score);
        const Answer answer = host.wait(id);
        CHECK(answer.outcome.has_value());
        if (!answer.outcome) continue;
        for (const auto& c : std::get<ScoreResult>(*answer.outcome).candidates)
            numbers.insert(numbers.end(), c.logprobs.begin(), c.logprobs.end());

        GenerateParams generate{};
        generate.images = score.images;
        generate.prompt = "abc";
        generate.max_tokens = 12;
        for (int32_t token : host.generate(generate).tokens)
            numbers.push_back(static_cast<float>(token));
    }
    const uint64_t id = host.next_id();
    host.engine().dispose(id);
    CHECK(host.wait(id).outcome.has_value());
    return numbers;
}

}  // namespace

TEST("an engine answers the same on any thread, and leaves each as it found it") {
    TemporaryFile file(TinyModel().build());
    EngineHost undisturbed;
    const auto expected = elements_of(undisturbed, file.path());
    CHECK(expected.size() > 20);

    // Where exceptions are signals, a division by zero ends the process.
    for (uint64_t unmasked : {uint64_t{0}, DIVISION_AND_INVALID_MASKED}) {
        const State process = process_state();
        std::mutex mutex;
        std::string changed;
        int n_runs = 0;
        {
            EngineHost host([&](Engine& engine) {
                std::unique_lock lock(mutex);
                disturb_thread(n_runs++);
                FloatState floats = float_state();
                floats.control &= ~unmasked;
                set_float_state(floats);
                const State before = thread_state();
                lock.unlock();
                engine.run();
                lock.lock();
                changed += changes(before, thread_state());
            });
            CHECK_EQ(elements_of(host, file.path()), expected);
        }
        CHECK(n_runs > 0);
        CHECK_EQ(changed, std::string());
        CHECK_EQ(changes(process, process_state()), std::string());
    }
}

// As ggml does with AMX's tiles: it configures those of a thread in its first matmul, and uses
// them in all that follow, whatever the thread did between two runs.
TEST("tiles configured in one run of the engine are there in the next, and between them as found") {
    std::async(std::launch::async, [] {
        constexpr TileInstructions EMULATED{emulated_tiles::store_config,
                                            emulated_tiles::load_config};
        const auto configured = [] {
            TileConfig config{};
            emulated_tiles::store_config(&config);
            return hex(config);
        };
        TileConfig ggml, none{};
        none.palette = 0;
        ggml.rows[0] = 2;
        ggml.row_bytes[0] = 8;
        {
            const TileScope first(&EMULATED);
            CHECK_EQ(configured(), hex(none));
            emulated_tiles::load_config(&ggml);
        }
        CHECK_EQ(configured(), hex(none));
        disturb_thread(3);
        const std::string others = configured();
        for (int run = 0; run < 2; ++run) {
            {
                const TileScope later(&EMULATED);
                CHECK_EQ(configured(), hex(ggml));
            }
            CHECK_EQ(configured(), others);
        }
    }).get();
}

#ifdef __GLIBCXX__
TEST("the handling of uncaught exceptions is left to the process") {
    CHECK(std::get_terminate() == &__gnu_cxx::__verbose_terminate_handler);
}
#endif

}  // namespace paligemma::test
