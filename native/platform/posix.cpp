#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "platform/file.h"
#include "platform/library.h"
#include "platform/parent.h"

namespace paligemma {

namespace {

FileKind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return FileKind::regular;
    if (S_ISDIR(mode)) return FileKind::directory;
    if (S_ISFIFO(mode)) return FileKind::pipe;
    return S_ISSOCK(mode) ? FileKind::socket : FileKind::device;
}

std::runtime_error last_error() {
    return std::runtime_error(std::generic_category().message(errno));
}

int64_t nanoseconds(const timespec& t) {
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

}  // namespace

File::File(const std::string& path)
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    : handle_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    if (handle_ < 0) throw last_error();
}

File::~File() {
    ::close(static_cast<int>(handle_));
}

FileStatus File::status() const {
    struct stat s{};
    if (::fstat(static_cast<int>(handle_), &s) != 0) return {};
#ifdef __APPLE__
    const timespec mtime = s.st_mtimespec;
#else
    const timespec mtime = s.st_mtim;
#endif
    return {kind_of(s.st_mode), static_cast<uint64_t>(s.st_size), nanoseconds(mtime)};
}

uint64_t File::read(void* into, uint64_t offset, uint64_t n) const {
    for (;;) {
        const ssize_t got = ::pread(static_cast<int>(handle_), into,
                                    std::min<uint64_t>(n, 1u << 30), static_cast<off_t>(offset));
        if (got >= 0) return static_cast<uint64_t>(got);
        if (errno != EINTR) throw last_error();
    }
}

void File::drop_cache(uint64_t offset, uint64_t n) const {
#ifdef POSIX_FADV_DONTNEED
    ::posix_fadvise(static_cast<int>(handle_), static_cast<off_t>(offset), static_cast<off_t>(n),
                    POSIX_FADV_DONTNEED);
#else
    (void)offset, (void)n;
#endif
}

std::filesystem::path to_path(std::string_view utf8) {
    return utf8;
}

std::string to_utf8(const std::filesystem::path& path) {
    return path.string();
}

Library::Library(const std::filesystem::path& path)
    : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ != nullptr) return;
    const char* reason = ::dlerror();
    throw std::runtime_error(reason == nullptr ? "unknown" : reason);
}

Library::~Library() {
    if (!kept_) ::dlclose(handle_);
}

void* Library::symbol(const char* name) const {
    return ::dlsym(handle_, name);
}

std::filesystem::path own_folder() {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0) return {};
    return std::filesystem::path(info.dli_fname).parent_path();
}

void exit_with_parent(int channel) {
    const pid_t parent = ::getppid();
    // The host may close its descriptor, and open another file with the same number.
    const int end = ::fcntl(channel, F_DUPFD_CLOEXEC, 0);
    // Signals are for the threads of the host.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([end, parent] {
        // Nothing is asked for: POLLHUP and POLLERR are always reported. A negative descriptor is
        // left out.
        pollfd channel{end, 0, 0};
        for (;;) {
            const int n = ::poll(&channel, 1, 500);
            // An orphan has another parent. That alone counts where a system does not report the
            // end of the channel.
            if (n > 0 || ::getppid() != parent) ::_exit(0);
        }
    }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace paligemma
