# does: leaves a process behind in a session of its own
# stopped by: the keeper ends all that descends from it; the process table goes with its first process (A)
# profiles: A B
# off: leaked
# instead: plain child
# check: the process lives on
import os
import signal
import time
from kit import parts, stay


def attack():
    mark = f"redteam-outlives-{os.environ['PLANT_PID']}"
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for stream in (0, 1, 2):
                    os.dup2(os.open("/dev/null", os.O_RDWR), stream)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.execv("/bin/sh", ["/bin/sh", "-c", "sleep 20; exit 0", mark])
            os._exit(0)
    time.sleep(0.2)


def check():
    mark = f"redteam-outlives-{os.environ['PLANT_PID']}".encode()
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if mark in file.read():
                    print(os.environ["CANARY"])
                    os.kill(int(pid), signal.SIGKILL)
        except (OSError, ValueError):
            pass


parts(attack, stay, check)
