# does: takes half as much again as the memory that it may have
# stopped by: a limit of each process, and of all together
# profiles: A B
# off: leaked
# check: it had the memory
import mmap
import os
import time
from kit import parts, prove, proved, tries


def attack():
    def alone():
        held = bytearray(1500 << 20)
        prove("one process")
        del held

    def together():
        # Shared memory is no process's own.
        held = mmap.mmap(-1, 1500 << 20)
        for at in range(0, 1500 << 20, 4096):
            held[at] = 1
        time.sleep(1)
        prove("shared")
    tries(alone, together)


parts(attack, check=proved)
