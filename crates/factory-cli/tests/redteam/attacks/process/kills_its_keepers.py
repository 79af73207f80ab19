# does: leaves a process behind, and kills what would have ended it: its parent, and all above
# stopped by: a process table of its own (A); Landlock keeps signals inside, and the keeper outlives the first process (B)
# profiles: A B
# off: leaked
# check: the process lives on
import os
import signal
import time
from kit import parts, tries


def attack():
    mark = f"redteam-left-{os.environ['PLANT_PID']}"
    parent = os.getppid()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for stream in (0, 1, 2):
                os.dup2(os.open("/dev/null", os.O_RDWR), stream)
            os.execv("/bin/sh", ["/bin/sh", "-c", "sleep 20; exit 0", mark])
        os._exit(0)
    time.sleep(0.2)
    above = [parent]
    tries(lambda: above.append(int(open(f"/proc/{parent}/stat").read().rsplit(") ", 1)[1].split()[1])))
    for pid in above:
        # Never the harness itself, nor the machine's first process.
        if str(pid) != os.environ["CALLER_PID"] and pid > 0 and (pid != 1 or os.getpid() < 100):
            tries(lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGKILL))
    time.sleep(0.2)


def check():
    mark = f"redteam-left-{os.environ['PLANT_PID']}".encode()
    for _ in range(10):
        alive = [pid for pid in os.listdir("/proc") if pid.isdigit() and reads(pid, mark)]
        if not alive:
            return
        time.sleep(0.1)
    print(os.environ["CANARY"])
    for pid in alive:
        os.kill(int(pid), signal.SIGKILL)


def reads(pid, mark):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return mark in file.read()
    except OSError:
        return False


def plant():
    from kit import stay
    stay()


parts(attack, plant, check)
