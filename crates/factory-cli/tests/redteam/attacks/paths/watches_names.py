# does: watches the holdout folder, and learns the names of what others open there
# stopped by: what is not named does not exist (A); seccomp (B)
# profiles: A B
# off: leaked
import ctypes
import os
import select
from kit import LIBC, WAIT, parts, say, stay


def attack():
    notify = LIBC.inotify_init()
    there = os.environ["HOLDOUTS"].encode()
    for mask in (0xFFF, 0x20):
        if LIBC.inotify_add_watch(notify, ctypes.c_char_p(there), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
    for _ in range(3):
        if select.select([notify], [], [], WAIT)[0]:
            say(os.read(notify, 65536))


def plant():
    import threading
    import time
    name = os.path.join(os.environ["HOLDOUTS"], os.environ["CANARY"])
    open(name, "w").close()

    def touch():
        while True:
            open(name).close()
            time.sleep(0.02)
    threading.Thread(target=touch, daemon=True).start()
    stay()


parts(attack, plant)
