// The process that started this one.
#pragma once

namespace paligemma {

// From now on this process ends, by _exit, within a second of the parent's end, or of the moment
// when the parent closes its end of the socket `channel`: also while every other thread computes or
// hangs. A thread of its own waits for that, and sleeps until then. On Windows libuv's job object
// does the same, and this does nothing. Implemented in posix.cpp and win32.cpp.
void exit_with_parent(int channel);

}  // namespace paligemma
