# does: ends the orchestrator's process, by all calls there are for it
# stopped by: a process table of its own (A); Landlock (B)
# profiles: A B
# off: leaked
# check: the process is gone
import os
import signal
from kit import call, parts, stay, tries


def attack():
    pid = int(os.environ["PLANT_PID"])
    tries(lambda: os.kill(pid, signal.SIGKILL), lambda: call(234, pid, pid, signal.SIGKILL), lambda: call(200, pid, signal.SIGKILL))
    tries(lambda: signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL))


def check():
    try:
        with open(f"/proc/{os.environ['PLANT_PID']}/stat") as file:
            if ") Z" not in file.read():
                return
    except OSError:
        pass
    print(os.environ["CANARY"])


parts(attack, stay, check)
