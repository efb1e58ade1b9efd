"""Stops one thread of another process, as a driver or a lock that never answers would, until this program is ended.

Usage: freeze.py PID main|busiest
busiest: the one of the others that computes most in half a second, stopped inside the addon's code: elsewhere it might
hold the lock of the heap, and the whole process would hang. Prints "frozen" when it is stopped. A debugger's interface
does it: a signal would stop the whole process.
"""

import ctypes
import os
import re
import sys
import time

PTRACE_CONT = 7
PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
# Threads of other processes as well.
WALL = 0x40000000
# Seconds; in an emulator no thread is ever seen in the addon.
LONGEST = 60

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def times(pid):
    """Nanoseconds that each thread has computed."""
    result = {}
    for name in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{name}/schedstat") as file:
            result[int(name)] = int(file.read().split()[0])
    return result


def is_in_addon(pid, thread):
    """Whether a stopped thread is in the addon or a library of it."""
    with open(f"/proc/{pid}/task/{thread}/syscall") as file:
        # The last one is the program counter.
        counter = int(file.read().split()[-1], 16)
    with open(f"/proc/{pid}/maps") as file:
        for line in file:
            first, last = (int(end, 16) for end in line.split()[0].split("-"))
            if first <= counter < last:
                return re.search(r"paligemma\.node|ggml", line) is not None
    return False


def stop(thread):
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)


def busiest(pid):
    before = times(pid)
    time.sleep(0.5)
    spent = {t: after - before.get(t, after) for t, after in times(pid).items() if t != pid}
    return max(spent, key=spent.get)


def stop_in_addon(pid, thread):
    """False where the thread is never there, as one that collects garbage."""
    ptrace(PTRACE_SEIZE, thread)
    for _ in range(200):
        stop(thread)
        if is_in_addon(pid, thread):
            return True
        ptrace(PTRACE_CONT, thread)
        time.sleep(0.001)
    stop(thread)
    ptrace(PTRACE_DETACH, thread)
    return False


pid, which = int(sys.argv[1]), sys.argv[2]
if which == "main":
    ptrace(PTRACE_SEIZE, pid)
    stop(pid)
else:
    end = time.monotonic() + LONGEST
    while not stop_in_addon(pid, busiest(pid)):
        if time.monotonic() > end:
            sys.exit(f"no thread of {pid} was inside of the addon for {LONGEST} s")
print("frozen", flush=True)
# A process that is killed meanwhile is gone for its parent only when this one has taken note of it.
while True:
    try:
        os.waitpid(-1, WALL)
    except ChildProcessError:
        break
