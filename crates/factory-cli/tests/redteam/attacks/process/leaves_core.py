# does: lets itself be killed so that its memory is kept as a file, or is handed to a program of the machine
# stopped by: a limit of each process that cannot be raised
# profiles: A B
# off: not shown: where cores go is the machine's affair
# check: a core could be had
import os
import resource
import signal
from kit import parts, possible


def attack():
    possible("limit", lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)))
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGABRT)

    def dumped():
        if not os.WCOREDUMP(os.waitpid(child, 0)[1]):
            raise OSError(1, "no core")
    possible("core", dumped)


parts(attack)
