# does: makes a namespace by the call whose arguments no filter can read
# stopped by: seccomp says that there is no such call
# profiles: A B
# off: leaked as root
# check: the call was there
import ctypes
import os
import struct
from kit import call, parts, possible


def attack():
    def born():
        arguments = ctypes.create_string_buffer(struct.pack("=11Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0))
        child = call(435, arguments, 88)
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    possible("clone3", born)


parts(attack)
