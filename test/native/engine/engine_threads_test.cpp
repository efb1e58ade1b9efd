// Many threads at one engine: posts, cancels and disposals at random moments. Run under
// ThreadSanitizer by scripts/sanitize.mjs; here it proves that every request is answered exactly
// once.
#include <atomic>
#include <chrono>

#include "support/engine_host.h"
#include "support/random.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace paligemma::test {

TEST(
    "every request of eight threads is answered exactly once, also while the model is taken down") {
    TemporaryFile file(TinyModel().build());
    for (uint64_t round = 0; round < 6; ++round) {
        EngineHost host;
        CHECK(!host.load(EngineHost::params(file.path())).error);
        std::atomic<int> n_done{0}, n_aborted{0}, n_disposed{0}, n_other{0};
        {
            std::vector<std::jthread> clients;
            for (uint64_t c = 0; c < 8; ++c) {
                clients.emplace_back([&, c] {
                    Random random(round * 100 + c);
                    for (int i = 0; i < 12; ++i) {
                        const uint64_t id = host.next_id();
                        if (random.below(4) == 0) {
                            host.engine().encode(
                                id, std::vector<uint8_t>(28 * 28 * 3,
                                                         static_cast<uint8_t>(random.next())));
                        } else {
                            GenerateParams p{};
                            p.images = {std::vector<uint8_t>(
                                28 * 28 * 3, static_cast<uint8_t>(random.below(3)))};
                            p.prompt = "hello";
                            p.max_tokens = 1 + static_cast<int>(random.below(20));
                            host.engine().generate(id, std::move(p));
                        }
                        (void)host.engine().info();
                        (void)host.engine().memory();
                        if (random.below(3) == 0) {
                            std::this_thread::sleep_for(
                                std::chrono::microseconds(random.below(3000)));
                            host.engine().cancel(id);
                        }
                        const Answer a = host.wait(id);
                        if (a.outcome)
                            ++n_done;
                        else if (a.error->code() == ErrorCode::Aborted)
                            ++n_aborted;
                        else if (a.error->code() == ErrorCode::Disposed)
                            ++n_disposed;
                        else
                            ++n_other;
                    }
                });
            }
            if (round % 2 == 1) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5 * round));
                const uint64_t id = host.next_id();
                host.engine().dispose(id);
                CHECK(host.wait(id).outcome.has_value());
            }
        }
        CHECK_EQ(n_done + n_aborted + n_disposed, 96);
        CHECK_EQ(n_other.load(), 0);
        CHECK_EQ(host.n_double(), 0);
        if (round % 2 == 0) CHECK(n_done > 0);
    }
}

}  // namespace paligemma::test
