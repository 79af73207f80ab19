# does: starts more processes than it may
# stopped by: a limit of the sandbox's process table
# profiles: A
# weakness: without a namespace the limit counts all processes of the user, and does not hold for root
# off: leaked
# check: there were more than it may have
import os
import signal
from kit import parts, prove


def attack():
    children = []
    try:
        for _ in range(420):
            children.append(os.posix_spawn("/bin/sleep", ["sleep", "30"], {}))
        prove("420 processes")
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


parts(attack)
