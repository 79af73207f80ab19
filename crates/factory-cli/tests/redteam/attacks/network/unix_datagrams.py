# does: sends to a datagram socket of the file system from one half of a pair of sockets, which anybody can have
# stopped by: an allowlisted root (A); seccomp (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries


def attack():
    there = os.environ["PLANT"]

    def ask(kind):
        near, far = socket.socketpair(socket.AF_UNIX, kind)
        near.settimeout(WAIT)
        own = os.path.join(os.environ["HOME"], f"own-{int(kind)}")
        near.bind(own)
        tries(lambda: near.sendto(b"?", there), lambda: near.connect(there), lambda: near.send(b"?"))
        say(near.recv(4096))
    tries(lambda: ask(socket.SOCK_DGRAM), lambda: ask(socket.SOCK_RAW))


def plant():
    import threading
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = os.environ["OUTSIDE"] + "/d"
    server.bind(path)

    def answer():
        while True:
            _, peer = server.recvfrom(100)
            try:
                server.sendto(os.environ["CANARY"].encode(), peer)
            except OSError:
                pass
    threading.Thread(target=answer, daemon=True).start()
    stay(path)


parts(attack, plant)
