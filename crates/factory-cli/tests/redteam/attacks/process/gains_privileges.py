# does: becomes somebody else: set-user-id programs, `setuid(0)`, groups, capabilities
# stopped by: no capability in any set, no new privileges
# profiles: A B
# off: leaked as root
# check: it could become somebody else, or get something back
import ctypes
import os
import subprocess
from kit import LIBC, call, parts, possible


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
            raise OSError(abs(status), f"ended with {status}")

    def raised():
        header, data = ctypes.create_string_buffer(b"\x22\x05\x08\x20\0\0\0\0", 8), ctypes.create_string_buffer(b"\xff" * 24, 24)
        call(126, header, data)

    def ambient():
        if LIBC.prctl(47, 2, 21, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")

    def executed():
        text = subprocess.run(["/bin/sh", "-c", "grep Cap /proc/self/status; id -u"], capture_output=True, text=True).stdout
        if any(int(line.split()[1], 16) for line in text.splitlines() if line.startswith(("CapEff", "CapPrm", "CapBnd"))) and os.getuid() == 0:
            return
        raise OSError(1, "nothing came back")
    possible("setuid", lambda: in_child(lambda: os.setresuid(12345, 12345, 12345)))
    possible("setgid", lambda: in_child(lambda: os.setresgid(12345, 12345, 12345)))
    possible("setgroups", lambda: in_child(lambda: os.setgroups([0, 4, 42])))
    possible("capset", lambda: in_child(raised))
    possible("ambient", lambda: in_child(ambient))
    possible("executing as root", executed)
    for program in ("su", "mount", "passwd", "sudo"):
        def changed():
            seen = subprocess.run(["/bin/sh", "-c", f"cp $(command -v {program}) own; chmod 6755 own; ./own --version"], capture_output=True)
            raise OSError(seen.returncode, "the same user")
        possible(program, changed)


parts(attack)
