# does: makes namespaces, in which it would be root again
# stopped by: seccomp
# profiles: A B
# off: leaked as root
# check: a namespace could be made
import os
from kit import call, parts, possible

SPACES = {"user": 0x10000000, "mount": 0x20000, "process": 0x20000000, "network": 0x40000000, "time": 0x80}


def attack():
    def in_child(action):
        child = os.fork()
        if child == 0:
            try:
                action()
            except OSError as error:
                os._exit(error.errno)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            raise OSError(status, os.strerror(max(status, 0)))

    def born(flag):
        child = call(56, flag | 17, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    for name, flag in SPACES.items():
        possible(f"unshare {name}", lambda: in_child(lambda: call(272, flag)))
        if name != "time":
            possible(f"clone {name}", lambda: in_child(lambda: born(flag)))


parts(attack)
