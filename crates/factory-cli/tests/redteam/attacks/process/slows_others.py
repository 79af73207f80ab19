# does: gives the orchestrator's process the last place in the queue
# stopped by: a process table of its own
# profiles: A
# weakness: neither Landlock nor a filter that lets programs set their own threads up looks at whose priority is changed
# off: leaked
# check: the priority of the process has changed
import os
from kit import parts, stay


def attack():
    os.setpriority(os.PRIO_PROCESS, int(os.environ["PLANT_PID"]), 19)


def check():
    if os.getpriority(os.PRIO_PROCESS, int(os.environ["PLANT_PID"])) == 19:
        print(os.environ["CANARY"])


parts(attack, stay, check)
