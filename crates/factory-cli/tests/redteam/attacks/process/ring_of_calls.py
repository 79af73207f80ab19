# does: hands calls to the kernel in a ring, past the filter that looks at calls
# stopped by: seccomp says that there is no such ring
# profiles: A B
# off: leaked
# check: the ring was there
import ctypes
import errno
import os
from kit import absent, call, parts, possible


def attack():
    def ring():
        try:
            os.close(call(425, 4, ctypes.create_string_buffer(120)))
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.EPERM):
                absent("io_uring")
            raise
    possible("io_uring", ring)


parts(attack)
