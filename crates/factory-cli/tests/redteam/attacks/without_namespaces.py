"""Takes namespaces away from a program, as a container might, and becomes it: unshare(2) is answered with EPERM by a filter
of seccomp(2), so that profile B is the strongest that works."""

import ctypes
import os
import platform
import struct
import sys

UNSHARE = {"x86_64": 272, "aarch64": 97}[platform.machine()]
LOAD, EQUAL, ANSWER = 0x20, 0x15, 0x06


def code(operation, if_so, if_not, operand):
    return struct.pack("HBBI", operation, if_so, if_not, operand)


program = code(LOAD, 0, 0, 0) + code(EQUAL, 1, 0, UNSHARE) + code(ANSWER, 0, 0, 0x7FFF0000) + code(ANSWER, 0, 0, 0x50001)
steps = ctypes.create_string_buffer(program, len(program))
loaded = ctypes.create_string_buffer(struct.pack("HL", len(program) // 8, ctypes.addressof(steps)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, loaded, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
