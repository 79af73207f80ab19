# does: has the kernel hand over a descriptor of the orchestrator's process
# stopped by: a process table of its own (A); Landlock and seccomp (B)
# profiles: A B
# off: leaked
import os
import tempfile
from kit import call, parts, say, stay


def attack():
    process = os.pidfd_open(int(os.environ["PLANT_PID"]))
    taken = call(438, process, int(os.environ["PLANT"]), 0)
    os.lseek(taken, 0, 0)
    say(os.read(taken, 4096))


def plant():
    with tempfile.TemporaryFile() as file:
        file.write(os.environ["CANARY"].encode())
        file.flush()
        stay(file.fileno())


parts(attack, plant)
