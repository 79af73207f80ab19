# does: has the kernel list the machine's sockets, whose names say things
# stopped by: a network of its own (A); no netlink, no `/proc` (B)
# profiles: A B
# off: leaked
import os
import socket
import struct
from kit import look, parts, say, stay, tries


def attack():
    def ask():
        with socket.socket(16, socket.SOCK_RAW, 4) as line:
            # unix_diag_req: family, states, and that names are wanted.
            ask = struct.pack("=BBHIIIII", 1, 0, 0, 0xFFFFFFFF, 0, 1, 0, 0)
            line.send(struct.pack("=IHHII", 16 + len(ask), 20, 0x301, 1, 0) + ask)
            line.settimeout(1)
            for _ in range(20):
                say(line.recv(65536))
    tries(lambda: look("/proc/net/unix"), ask)


def plant():
    server = socket.socket(socket.AF_UNIX)
    server.bind("\0" + os.environ["CANARY"])
    server.listen()
    stay()


parts(attack, plant)
