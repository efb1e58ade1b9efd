#include "compute/backend_loader.h"

#include <ggml-backend.h>

#include <mutex>
#include <set>

#include "base/error.h"
#ifdef GGML_BACKEND_DL
#include <ggml-backend-impl.h>  // GGML_BACKEND_API_VERSION

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "platform/cpu.h"
#include "platform/file.h"
#include "platform/library.h"
#endif

namespace paligemma {

namespace {

std::vector<CpuVariant>& found_variants() {
    static std::vector<CpuVariant> variants;
    return variants;
}

#ifdef GGML_BACKEND_DL
#ifdef _WIN32
constexpr const char* VARIANT_PREFIX = "ggml-cpu-";
constexpr const char* LIBRARY_SUFFIX = ".dll";
#else
constexpr const char* VARIANT_PREFIX = "libggml-cpu-";
constexpr const char* LIBRARY_SUFFIX = ".so";
#endif

template <typename Function>
Function function_of(const Library& library, const char* name) {
    return reinterpret_cast<Function>(library.symbol(name));
}

// The library's own score for this CPU; 1 if it has no such function.
int score_of(const Library& library) {
    auto score = function_of<ggml_backend_score_t>(library, "ggml_backend_score");
    return score == nullptr ? 1 : score();
}

// ggml asks only the CPU, which reports registers that the system does not save: those of AMX on
// Windows 10, or of AVX-512 where a kernel parameter disables them.
bool system_saves_registers_of(std::string_view variant) {
    if (variant == "sapphirerapids") return has_amx();
    if (variant == "skylakex" || variant == "icelake") return has_avx512();
    if (variant == "haswell") return has_avx2();
    return true;
}

// Like ggml_backend_load(), which on Windows takes a path only in the system's code page.
bool add_to_registry(Library& library) {
    if (score_of(library) == 0) return false;
    auto init = function_of<ggml_backend_init_t>(library, "ggml_backend_init");
    ggml_backend_reg_t reg = init == nullptr ? nullptr : init();
    if (reg == nullptr || reg->api_version != GGML_BACKEND_API_VERSION) return false;
    library.keep();
    ggml_backend_register(reg);
    return true;
}

// Not ggml's own search: it also looks in the working folder and obeys GGML_BACKEND_PATH, and would
// load whatever is there.
void load_best_variant() {
    std::vector<CpuVariant>& variants = found_variants();
    std::error_code ignored;
    std::unique_ptr<Library> best;
    size_t best_index = 0;
    for (const auto& entry : std::filesystem::directory_iterator(own_folder(), ignored)) {
        const std::string stem = to_utf8(entry.path().stem());
        if (!stem.starts_with(VARIANT_PREFIX) || entry.path().extension() != LIBRARY_SUFFIX)
            continue;
        CpuVariant variant{.name = stem.substr(std::string(VARIANT_PREFIX).size())};
        try {
            auto library = std::make_unique<Library>(entry.path());
            variant.score = system_saves_registers_of(variant.name) ? score_of(*library) : 0;
            if (variant.score > (best ? variants[best_index].score : 0)) {
                best = std::move(library);
                best_index = variants.size();
            }
        } catch (const std::runtime_error&) {
            // Damaged, or not for this processor: its score stays 0.
        }
        variants.push_back(variant);
    }
    if (best && add_to_registry(*best)) variants[best_index].chosen = true;
}
#endif

}  // namespace

void load_backends() {
    static std::once_flag once;
    std::call_once(once, [] {
        // ggml prints to stderr by default; a library must stay silent. Failures are thrown as
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
                     .remedy = Remedy::Doctor});
    };
#ifdef GGML_BACKEND_DL
    try {
        Library library(to_path(path));
        if (!add_to_registry(library))
            refuse("it is not a backend of this version, or finds no device");
    } catch (const std::runtime_error& error) {
        refuse(error.what());
    }
    added.insert(path);
#else
    refuse("this addon was built with its backends linked in");
#endif
}

}  // namespace paligemma
