# does: reads the command line of every process
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
import subprocess
from kit import look, parts, stay, tries


def attack():
    for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
        tries(lambda: look(f"/proc/{pid}/cmdline"), lambda: look(f"/proc/{pid}/comm"))


def plant():
    other = subprocess.Popen(["/bin/sh", "-c", "read line", os.environ["CANARY"]], stdin=subprocess.PIPE)
    stay()
    other.kill()


parts(attack, plant)
