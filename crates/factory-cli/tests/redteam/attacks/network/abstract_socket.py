# does: asks a server on an abstract socket, which no mount keeps away
# stopped by: a network of its own (A); seccomp and Landlock (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries


def attack():
    there = "\0" + os.environ["PLANT"]

    def ask(peer):
        peer.settimeout(WAIT)
        peer.connect(there)
        peer.send(b"?")
        say(peer.recv(4096))
    tries(lambda: ask(socket.socket(socket.AF_UNIX)), lambda: ask(socket.socketpair(socket.AF_UNIX)[0]))


def plant():
    import threading
    server = socket.socket(socket.AF_UNIX)
    name = f"redteam-{os.getpid()}"
    server.bind("\0" + name)
    server.listen()

    def answer():
        while True:
            peer, _ = server.accept()
            peer.recv(100)
            peer.sendall(os.environ["CANARY"].encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(name)


parts(attack, plant)
