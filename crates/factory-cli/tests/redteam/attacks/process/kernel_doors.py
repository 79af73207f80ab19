# does: tries the calls by which programs get into the kernel: BPF, tracing, page faults, modules, another kernel
# stopped by: seccomp
# profiles: A B
# off: leaked as root
# check: one was open
import ctypes
import os
import struct
from kit import call, parts, possible


def attack():
    room = ctypes.create_string_buffer(128)
    possible("bpf", lambda: os.close(call(321, 0, ctypes.create_string_buffer(struct.pack("=5I", 2, 4, 4, 1, 0).ljust(128, b"\0")), 128)))
    event = ctypes.create_string_buffer(struct.pack("=IIQQQQQ", 1, 112, 0, 0, 0, 0, 0).ljust(112, b"\0"))
    possible("perf_event_open", lambda: os.close(call(298, event, 0, -1, -1, 0)))
    possible("userfaultfd", lambda: os.close(call(323, 1)))
    possible("fanotify", lambda: os.close(call(300, 0, 0)))
    possible("syslog", lambda: call(103, 3, room, 100))
    possible("acct", lambda: call(163, ctypes.c_char_p(b"/nonexistent/folder/file")))


parts(attack)
