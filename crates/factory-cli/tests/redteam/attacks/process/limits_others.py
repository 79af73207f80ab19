# does: takes from the orchestrator's process the right to write files
# stopped by: a process table of its own (A); seccomp (B)
# profiles: A B
# off: leaked
# check: a limit of the process has changed
import os
import resource
from kit import parts, stay


def attack():
    resource.prlimit(int(os.environ["PLANT_PID"]), resource.RLIMIT_FSIZE, (0, 0))


def check():
    if resource.prlimit(int(os.environ["PLANT_PID"]), resource.RLIMIT_FSIZE)[0] == 0:
        print(os.environ["CANARY"])


parts(attack, stay, check)
