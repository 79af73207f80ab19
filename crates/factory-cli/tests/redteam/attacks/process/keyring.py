# does: reads a key that the kernel keeps for the user
# stopped by: seccomp
# profiles: A B
# off: leaked
import ctypes
import os
from kit import call, parts, say, stay

READ, SET_PERMISSIONS, TIMEOUT, SEARCH, UNLINK, USER_KEYRING = 11, 5, 15, 10, 9, -4


def attack():
    room = ctypes.create_string_buffer(64)
    call(250, READ, int(os.environ["PLANT"]), room, 64)
    say(room.raw)


def plant():
    text = os.environ["CANARY"].encode()
    name = f"redteam-{os.getpid()}".encode()
    key = call(248, ctypes.c_char_p(b"user"), ctypes.c_char_p(name), ctypes.c_char_p(text), len(text), USER_KEYRING)
    call(250, SET_PERMISSIONS, key, 0x3F3F0000)
    call(250, TIMEOUT, key, 60)
    stay(key)
    call(250, UNLINK, key, USER_KEYRING)


parts(attack, plant)
