# does: looks into its parent, which knows what all commands of the sandbox are given: memory, environment, files, root
# stopped by: it is not dumpable (A, B); no `/proc`, no tracing (B)
# profiles: A B
# off: leaked
# check: it could look
import os
from kit import call, parts, possible


def attack():
    parent = os.getppid()
    for name in ("mem", "environ", "maps", "auxv", "syscall", "stack"):
        possible(name, lambda: os.read(os.open(f"/proc/{parent}/{name}", os.O_RDONLY), 10) and None)
    for name in ("cwd", "root", "exe", "fd/3", "fd/4", "fd/5", "fd/6"):
        possible(name, lambda: os.readlink(f"/proc/{parent}/{name}"))
    possible("trace", lambda: call(101, 0x4206, parent, 0, 0))


parts(attack)
