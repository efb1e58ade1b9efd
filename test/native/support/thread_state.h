// What a thread and a process have that all libraries in it share, in words, and a thread as
// another library might have left it.
#pragma once
#include <algorithm>
#include <clocale>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/amx_emulated.h"
#include "platform/thread_state.h"

#if defined(__linux__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" char** environ;
#endif
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#endif

namespace paligemma::test {

// Name and value.
using State = std::map<std::string, std::string>;

// The names of what differs, with both values.
inline std::string changes(const State& before, const State& after) {
    std::string text;
    for (const auto& [name, value] : before)
        if (after.at(name) != value)
            text += name + " was " + value + " and is " + after.at(name) + "; ";
    return text;
}

template <typename T>
std::string hex(const T& value) {
    std::ostringstream out;
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    for (size_t i = sizeof(T); i-- > 0;)
        out << "0123456789abcdef"[bytes[i] / 16] << "0123456789abcdef"[bytes[i] % 16];
    return out.str();
}

struct TileConfig {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
};

// The flags of floating-point exceptions that occurred, which any arithmetic may set.
#if defined(__x86_64__) || defined(_M_X64)
constexpr uint64_t SEEN_EXCEPTIONS = 0x3f, ROUND_UP = 0x4000, DENORMALS_ARE_ZERO = 0x8040,
                   ALL_MASKED = 0x1f80, DIVISION_AND_INVALID_MASKED = 0x280;
#else  // AArch64: FPCR, where a bit unmasks
constexpr uint64_t SEEN_EXCEPTIONS = 0, ROUND_UP = 1 << 22, DENORMALS_ARE_ZERO = 1 << 24,
                   ALL_MASKED = 0, DIVISION_AND_INVALID_MASKED = 0;
#endif

// Of the calling thread.
inline State thread_state() {
    State state;
    const FloatState floats = float_state();
    state["rounding, denormals, exception masks"] = hex(floats.control & ~SEEN_EXCEPTIONS);
    state["exceptions seen"] = hex(floats.control & SEEN_EXCEPTIONS) + hex(floats.status);
    TileConfig tiles{};
    emulated_tiles::store_config(&tiles);
    state["emulated tile configuration"] = hex(tiles);
    if (const TileInstructions* amx = tile_instructions()) {
        amx->store_config(&tiles);
        state["tile configuration"] = hex(tiles);
    }
#if defined(__linux__) || defined(__APPLE__)
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    std::string& blocked = state["blocked signals"];
    for (int s = 1; s < NSIG; ++s)
        if (sigismember(&mask, s) == 1) blocked += std::to_string(s) + " ";
    char name[64] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    state["thread name"] = name;
#endif
#ifdef __linux__
    cpu_set_t cpus;
    sched_getaffinity(0, sizeof(cpus), &cpus);
    std::string& affinity = state["affinity"];
    for (int i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &cpus)) affinity += std::to_string(i) + " ";
    state["priority"] = std::to_string(sched_getscheduler(0)) + ", nice " +
                        std::to_string(getpriority(PRIO_PROCESS, 0));
    state["timer slack"] = std::to_string(prctl(PR_GET_TIMERSLACK));
#endif
    return state;
}

// Sets all of that on the calling thread to what no new thread has; `i` makes two threads differ.
inline void disturb_thread(int i) {
    TileConfig tiles;
    for (int t = 0; t < 8; ++t) {
        tiles.rows[t] = static_cast<uint8_t>(1 + (t + i) % 16);
        tiles.row_bytes[t] = static_cast<uint16_t>(4 + 4 * t);
    }
    emulated_tiles::load_config(&tiles);
    if (const TileInstructions* amx = tile_instructions()) amx->load_config(&tiles);
#if defined(__linux__) || defined(__APPLE__)
    sigset_t mask;
    sigemptyset(&mask);
    for (int s : {SIGUSR2, SIGWINCH}) sigaddset(&mask, s);
    pthread_sigmask(SIG_BLOCK, &mask, nullptr);
#endif
#ifdef __linux__
    pthread_setname_np(pthread_self(), ("elsewhere" + std::to_string(i)).c_str());
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof(all), &all);
    std::vector<int> cpus;
    for (int c = 0; c < CPU_SETSIZE; ++c)
        if (CPU_ISSET(c, &all)) cpus.push_back(c);
    CPU_ZERO(&one);
    CPU_SET(cpus[static_cast<size_t>(i) % cpus.size()], &one);
    sched_setaffinity(0, sizeof(one), &one);
    setpriority(PRIO_PROCESS, 0, 1);
    prctl(PR_SET_TIMERSLACK, 60000 + i);
#endif
    set_float_state({ALL_MASKED | ROUND_UP | DENORMALS_ARE_ZERO, 0});
}

inline State process_state() {
    State state;
    state["locale"] = std::setlocale(LC_ALL, nullptr);
    state["working folder"] = std::filesystem::current_path().string();
#if defined(__linux__) || defined(__APPLE__)
    std::string& variables = state["environment"];
    for (char** v = environ; *v != nullptr; ++v) variables += std::string(*v) + "\n";
    const mode_t mask = umask(0);
    umask(mask);
    state["umask"] = std::to_string(mask);
    std::string& handlers = state["signal handlers"];
    for (int s = 1; s < NSIG; ++s) {
        struct sigaction action{};
        if (sigaction(s, nullptr, &action) == 0)
            handlers += hex(reinterpret_cast<uintptr_t>(action.sa_handler)) + " " +
                        std::to_string(action.sa_flags) + " ";
    }
#endif
    return state;
}

}  // namespace paligemma::test
