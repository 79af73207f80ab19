# does: finds the processes of another run, which goes on beside it, and reads in the folders that they work in
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
import subprocess
from kit import look, parts, stay, tries


def attack():
    for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
        tries(lambda: look(f"/proc/{pid}/cwd/answers"))


def plant():
    with open(os.environ["OTHER"] + "/answers", "w") as file:
        file.write(os.environ["CANARY"])
    other = subprocess.Popen(["/bin/sh", "-c", "read line"], cwd=os.environ["OTHER"], stdin=subprocess.PIPE, env={})
    stay()
    other.kill()


parts(attack, plant)
