# does: reads the environment of every process that it finds, the first one included
# stopped by: a process table of its own, and a first process that is closed (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
from kit import look, parts, stay, tries


def attack():
    tries(lambda: look("/proc/1/environ"), lambda: look(f"/proc/{os.getppid()}/environ"))
    for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
        tries(lambda: look(f"/proc/{pid}/environ"))


parts(attack, plant=stay)
