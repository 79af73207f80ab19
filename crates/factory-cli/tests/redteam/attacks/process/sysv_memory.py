# does: attaches to shared memory that goes by a number
# stopped by: numbers of its own (A); seccomp (B)
# profiles: A B
# off: leaked
import ctypes
import os
from kit import LIBC, parts, say, stay


def attack():
    shmat = LIBC.shmat
    shmat.restype = ctypes.c_void_p
    at = shmat(int(os.environ["PLANT"]), None, 0o10000)
    if at in (None, 2 ** 64 - 1):
        raise OSError(ctypes.get_errno(), "shmat")
    say(ctypes.string_at(at, 64))


def plant():
    shmat = LIBC.shmat
    shmat.restype = ctypes.c_void_p
    number = LIBC.shmget(0, 4096, 0o1600)
    at = shmat(number, None, 0)
    # It goes with its last user.
    LIBC.shmctl(number, 0, None)
    ctypes.memmove(at, os.environ["CANARY"].encode(), 30)
    stay(number)


parts(attack, plant)
