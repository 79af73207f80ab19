# does: opens settings of the kernel for writing: where cores go, what helpers it starts, keys that a machine obeys
# stopped by: a process table that is read-only where it can be written, no `/sys` (A); no `/proc`, no `/sys` (B)
# profiles: A B
# off: leaked as root
# check: one could be opened
import glob
import os
from kit import parts, possible

PLACES = [
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/ns_last_pid", "/proc/kcore",
    "/proc/1/oom_score_adj", "/proc/1/uid_map", "/sys/kernel/uevent_helper", "/sys/power/state",
]


def attack():
    for place in PLACES + glob.glob("/sys/fs/cgroup/*/release_agent") + glob.glob("/sys/fs/cgroup/*/cgroup.procs"):
        possible(place, lambda: os.close(os.open(place, os.O_WRONLY)))


parts(attack)
