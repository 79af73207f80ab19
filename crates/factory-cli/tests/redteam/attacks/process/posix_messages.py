# does: takes a message from a queue that has a name
# stopped by: names of its own (A); seccomp (B)
# profiles: A B
# off: leaked
import ctypes
import os
from kit import LIBC, parts, say, stay


def attack():
    queue = LIBC.mq_open(ctypes.c_char_p(os.environ["PLANT"].encode()), os.O_RDONLY | os.O_NONBLOCK)
    if queue < 0:
        raise OSError(ctypes.get_errno(), "mq_open")
    room = ctypes.create_string_buffer(8192)
    LIBC.mq_receive(queue, room, 8192, None)
    say(room.value)


def plant():
    name = f"/redteam-{os.getpid()}"
    queue = LIBC.mq_open(ctypes.c_char_p(name.encode()), os.O_RDWR | os.O_CREAT, 0o600, None)
    text = os.environ["CANARY"].encode()
    LIBC.mq_send(queue, ctypes.c_char_p(text), len(text), 0)
    stay(name)
    LIBC.mq_unlink(ctypes.c_char_p(name.encode()))


parts(attack, plant)
