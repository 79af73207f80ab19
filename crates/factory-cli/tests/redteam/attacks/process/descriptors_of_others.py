# does: opens what the orchestrator has open: a file that was deleted
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
import tempfile
from kit import look, parts, stay, tries


def attack():
    folder = f"/proc/{os.environ['PLANT_PID']}/fd"
    for name in os.listdir(folder):
        if not os.readlink(f"{folder}/{name}").startswith("pipe:"):
            tries(lambda: look(f"{folder}/{name}"))


def plant():
    with tempfile.TemporaryFile() as file:
        file.write(os.environ["CANARY"].encode())
        file.flush()
        stay()


parts(attack, plant)
