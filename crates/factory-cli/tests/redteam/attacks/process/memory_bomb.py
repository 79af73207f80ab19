# does: takes more memory than it may have, alone and shared
# stopped by: a limit of each process, and of all together
# profiles: A B
# off: leaked
# check: it had the memory
import mmap
import os
import time
from kit import parts, prove, tries


def attack():
    def alone():
        held = bytearray(700 << 20)
        prove("one process")
        del held
        os._exit(0)

    def together():
        # Shared memory is no process's own.
        held = mmap.mmap(-1, 700 << 20)
        for at in range(0, 700 << 20, 4096):
            held[at] = 1
        time.sleep(5)
        prove("shared")
    tries(alone, together)


parts(attack)
