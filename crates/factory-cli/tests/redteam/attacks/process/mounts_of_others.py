# does: reads the mount tables of others, which name places
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
import subprocess
from kit import look, parts, stay, tries


def attack():
    for name in ("mountinfo", "mounts", "maps"):
        tries(lambda: look(f"/proc/{os.environ['PLANT_PID']}/{name}"), lambda: look(f"/proc/1/{name}"))


def plant():
    # A file with that name, mapped into memory.
    import mmap
    with open(os.path.join(os.environ["OUTSIDE"], os.environ["CANARY"]), "w+b") as file:
        file.write(b"x" * 4096)
        file.flush()
        with mmap.mmap(file.fileno(), 4096):
            stay()


parts(attack, plant)
