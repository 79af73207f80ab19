# does: puts characters into a terminal, as if somebody had typed them
# stopped by: seccomp
# profiles: A B
# off: leaked as root
# check: a character could be typed
import fcntl
import os
import pty
import termios
from kit import parts, possible


def attack():
    for request in (termios.TIOCSTI, termios.TIOCSTI | 1 << 32):
        child, master = pty.fork()
        if child == 0:
            import ctypes
            from kit import LIBC
            done = LIBC.ioctl(0, ctypes.c_ulong(request), ctypes.c_char_p(b"x"))
            os._exit(0 if done == 0 else 1)
        possible(f"TIOCSTI {request:x}", lambda: succeeded(os.waitpid(child, 0)[1]))


def succeeded(status):
    if os.waitstatus_to_exitcode(status) != 0:
        raise OSError(1, "refused")


parts(attack)
