#include "compute/backend_loader.h"

#include <ggml-backend.h>

#include <mutex>
#include <set>

#include "base/error.h"
#ifdef GGML_BACKEND_DL
#include <dlfcn.h>

#include <filesystem>
#endif

namespace paligemma {

namespace {

std::vector<CpuVariant>& found_variants() {
    static std::vector<CpuVariant> variants;
    return variants;
}

#ifdef GGML_BACKEND_DL
namespace fs = std::filesystem;

#ifdef __APPLE__
constexpr const char* LIBRARY_SUFFIX = ".dylib";
#else
constexpr const char* LIBRARY_SUFFIX = ".so";
#endif
constexpr const char* VARIANT_PREFIX = "libggml-cpu-";

fs::path own_folder() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&load_backends), &info) == 0) return {};
    return fs::path(info.dli_fname).parent_path();
}

// How well the library's instructions fit this CPU, by its own account.
int score_of(const fs::path& library) {
    void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return 0;
    auto score = reinterpret_cast<int (*)()>(dlsym(handle, "ggml_backend_score"));
    const int value = score == nullptr ? 0 : score();
    dlclose(handle);
    return value;
}

// Not ggml's own search: that also looks into the working folder and obeys GGML_BACKEND_PATH, and
// would run whatever lies there.
void load_best_variant() {
    std::vector<CpuVariant>& variants = found_variants();
    std::error_code ignored;
    fs::path best;
    size_t best_index = 0;
    for (const auto& entry : fs::directory_iterator(own_folder(), ignored)) {
        const std::string file = entry.path().filename().string();
        if (!file.starts_with(VARIANT_PREFIX) || entry.path().extension() != LIBRARY_SUFFIX)
            continue;
        CpuVariant variant;
        variant.name = entry.path().stem().string().substr(std::string(VARIANT_PREFIX).size());
        variant.score = score_of(entry.path());
        const bool better = variant.score > (best.empty() ? 0 : variants[best_index].score);
        variants.push_back(variant);
        if (better) {
            best = entry.path();
            best_index = variants.size() - 1;
        }
    }
    if (!best.empty() && ggml_backend_load(best.c_str()) != nullptr)
        variants[best_index].chosen = true;
}
#endif

}  // namespace

void load_backends() {
    static std::once_flag once;
    std::call_once(once, [] {
        // ggml prints to stderr by default; a library stays silent. What matters comes back as an
        // Error.
        ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
#ifdef GGML_BACKEND_DL
        load_best_variant();
#endif
    });
}

const std::vector<CpuVariant>& cpu_variants() {
    load_backends();
    return found_variants();
}

void add_backend(const std::string& path) {
    load_backends();
    static std::mutex mutex;
    static std::set<std::string> added;
    std::lock_guard lock(mutex);
    if (added.contains(path)) return;
    auto refuse = [&path](const std::string& reason) {
        throw Error(ErrorCode::DeviceUnavailable, "cannot load the backend " + path + ": " + reason,
                    {.name = "device",
                     .found = reason,
                     .expected = "a backend library made for this version",
                     .hint = "paligemma doctor shows what the library needs"});
    };
#ifdef GGML_BACKEND_DL
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* reason = dlerror();
        refuse(reason == nullptr ? "unknown" : reason);
    }
    const bool loaded = ggml_backend_load(path.c_str()) != nullptr;
    dlclose(handle);
    if (!loaded) refuse("it is not a backend of this version, or finds no device");
    added.insert(path);
#else
    refuse("this addon was built with its backends linked in");
#endif
}

}  // namespace paligemma
