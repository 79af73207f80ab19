# does: takes a message from a queue that goes by a number
# stopped by: numbers of its own (A); seccomp (B)
# profiles: A B
# off: leaked
import ctypes
import os
from kit import LIBC, parts, say, stay


class Message(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_long), ("text", ctypes.c_char * 64)]


def attack():
    message = Message()
    if LIBC.msgrcv(int(os.environ["PLANT"]), ctypes.byref(message), 64, 0, 0o4000) < 0:
        raise OSError(ctypes.get_errno(), "msgrcv")
    say(message.text)


def plant():
    queue = LIBC.msgget(0, 0o1600)
    message = Message(1, os.environ["CANARY"].encode())
    LIBC.msgsnd(queue, ctypes.byref(message), 30, 0)
    stay(queue)
    LIBC.msgctl(queue, 0, None)


parts(attack, plant)
