# does: has the kernel copy the memory of the orchestrator's process
# stopped by: a process table of its own (A); Landlock and seccomp (B)
# profiles: A B
# off: leaked
import ctypes
import os
from kit import call, parts, say, stay, tries


class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def attack():
    room = ctypes.create_string_buffer(64)
    near, far = Part(ctypes.addressof(room), 30), Part(int(os.environ["PLANT"]), 30)
    call(310, int(os.environ["PLANT_PID"]), ctypes.byref(near), 1, ctypes.byref(far), 1, 0)
    say(room.raw)


def plant():
    text = ctypes.create_string_buffer(os.environ["CANARY"].encode())
    stay(ctypes.addressof(text))


parts(attack, plant)
