#include "platform/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#ifdef __unix__
#include <sys/mman.h>
#include <sys/resource.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace paligemma {

namespace {

#ifdef __linux__
std::optional<uint64_t> read_number(const std::string& path) {
    std::ifstream file(path);
    uint64_t value = 0;
    if (file >> value) return value;
    return std::nullopt;
}

uint64_t meminfo_available() {
    std::ifstream file("/proc/meminfo");
    std::string key, unit;
    uint64_t value = 0;
    while (file >> key >> value) {
        if (key == "MemAvailable:") return value * 1024;
        std::getline(file, unit);
    }
    return std::numeric_limits<uint64_t>::max();
}

// cgroup v2: the limit of every group from ours to the root, less what is used and cannot be
// reclaimed.
uint64_t cgroup_available() {
    std::ifstream self("/proc/self/cgroup");
    std::string line, group;
    while (std::getline(self, line))
        if (line.rfind("0::", 0) == 0) group = line.substr(3);
    uint64_t best = std::numeric_limits<uint64_t>::max();
    for (;;) {
        const std::string dir = "/sys/fs/cgroup" + (group == "/" ? "" : group);
        if (auto limit = read_number(dir + "/memory.max")) {
            uint64_t used = read_number(dir + "/memory.current").value_or(0);
            std::ifstream stat(dir + "/memory.stat");
            std::string key;
            uint64_t value = 0, reclaimable = 0;
            while (stat >> key >> value)
                if (key == "inactive_file" || key == "active_file") reclaimable += value;
            used -= std::min(used, reclaimable);
            best = std::min(best, *limit - std::min(*limit, used));
        }
        const size_t slash = group.rfind('/');
        if (group.empty() || group == "/" || slash == std::string::npos) break;
        group = slash == 0 ? "/" : group.substr(0, slash);
    }
    return best;
}
#endif

}  // namespace

uint64_t available_memory() {
    uint64_t best = std::numeric_limits<uint64_t>::max();
#ifdef __linux__
    best = std::min(meminfo_available(), cgroup_available());
#elif defined(__APPLE__)
    uint64_t total = 0;
    size_t size = sizeof(total);
    if (sysctlbyname("hw.memsize", &total, &size, nullptr, 0) == 0) best = total;
#elif defined(_WIN32)
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof(status);
    if (GlobalMemoryStatusEx(&status))
        best = std::min({status.ullAvailPhys, status.ullAvailPageFile, status.ullAvailVirtual});
#endif
#ifdef __unix__
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        uint64_t used = 0;
#ifdef __linux__
        std::ifstream statm("/proc/self/statm");
        uint64_t pages = 0;
        if (statm >> pages) used = pages * 4096;
#endif
        const uint64_t allowed = limit.rlim_cur;
        best = std::min(best, allowed - std::min(allowed, used));
    }
#endif
    return best;
}

void advise_huge_pages(void* begin, size_t size) {
#ifdef MADV_HUGEPAGE
    constexpr uintptr_t HUGE_PAGE = 2u << 20;
    const auto at = reinterpret_cast<uintptr_t>(begin);
    const uintptr_t first = (at + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const uintptr_t last = (at + size) / HUGE_PAGE * HUGE_PAGE;
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
    (void)begin, (void)size;
#endif
}

}  // namespace paligemma
