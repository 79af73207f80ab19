# does: makes sockets to the machine that runs this one, to the kernel's cryptography, to devices
# stopped by: seccomp
# profiles: A B
# off: leaked
# check: one of these sockets could be made
import socket
from kit import parts, possible

FAMILIES = {"vsock": 40, "alg": 38, "packet": 17, "rds": 21, "tipc": 30, "bluetooth": 31, "xdp": 44, "can": 29, "key": 15}


def attack():
    for name, number in FAMILIES.items():
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            possible(name, lambda: socket.socket(number, kind, 0))


parts(attack)
