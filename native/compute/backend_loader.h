// ggml's backends as libraries. A prebuilt package holds the CPU backend once per instruction set
// ("variant") next to the addon, and a GPU package adds one more library; a build from source has
// its backends linked in and needs none of this.
#pragma once
#include <string>
#include <vector>

namespace paligemma {

struct CpuVariant {
    std::string name;  // "haswell", "icelake", "armv8.2_2"
    int score = 0;  // ggml's rating for this CPU; 0: it or the system lacks what the variant needs
    bool chosen = false;
};

// Silences ggml and loads the variant with the highest score, once per process. Call before any use
// of ggml's registry.
void load_backends();

// The variants next to the addon and which one runs; empty when the CPU backend is linked in.
const std::vector<CpuVariant>& cpu_variants();

// Adds the backend in the library `path`, such as a GPU package's libggml-cuda.so; a path that was
// added before is left alone. Throws DeviceUnavailable with the linker's reason.
void add_backend(const std::string& path);

}  // namespace paligemma
