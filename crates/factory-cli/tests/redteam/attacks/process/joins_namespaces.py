# does: moves into the namespaces of the orchestrator's process
# stopped by: a process table of its own, no capability, seccomp
# profiles: A B
# off: leaked as root
# check: it could move
import os
from kit import call, parts, possible, stay


def attack():
    for name in ("mnt", "net", "ipc", "uts"):
        for pid in (os.environ["PLANT_PID"], "1"):
            possible(f"setns {name}", lambda: call(308, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), 0))
    possible("setns by process", lambda: call(308, os.pidfd_open(int(os.environ["PLANT_PID"])), 0x20000))


parts(attack, stay)
