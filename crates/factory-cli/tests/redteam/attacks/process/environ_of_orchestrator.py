# does: reads the environment of the orchestrator's process, where keys are
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
from kit import look, parts, tries


def attack():
    tries(*[lambda pid=pid: look(f"/proc/{pid}/environ") for pid in (os.environ["CALLER_PID"], os.environ["PLANT_PID"])])


def plant():
    from kit import stay
    stay()


parts(attack, plant)
