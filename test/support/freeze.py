"""Stops one thread of another process, as a driver or a lock that never answers would, until this program is ended.

Usage: freeze.py PID main|busiest
busiest: the one of the others that computes most in half a second. Prints "frozen" when it stands still. A debugger's
interface does it: a signal would stop the whole process.
"""

import ctypes
import os
import sys
import time

PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
# Threads of other processes as well.
WALL = 0x40000000

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


pid, which = int(sys.argv[1]), sys.argv[2]
thread = pid
if which == "busiest":
    before = times(pid)
    time.sleep(0.5)
    spent = {t: after - before.get(t, after) for t, after in times(pid).items() if t != pid}
    thread = max(spent, key=spent.get)
ptrace(PTRACE_SEIZE, thread)
ptrace(PTRACE_INTERRUPT, thread)
print("frozen", flush=True)
# A process that is killed meanwhile is gone for its parent only when this one has taken note of it.
while True:
    try:
        os.waitpid(-1, WALL)
    except ChildProcessError:
        break
