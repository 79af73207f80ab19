# does: asks a server on a socket of the file system, as the store's and the container engine's are
# stopped by: an allowlisted root (A); seccomp (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import parts, say, stay, tries


def attack():
    def ask(path):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(path)
            peer.sendall(b"GET /containers/json HTTP/1.0\r\n\r\n")
            say(peer.recv(4096))
    there = os.environ["PLANT"]
    for path in (there, f"/proc/self/root{there}", "/var/run/docker.sock", "/run/docker.sock"):
        tries(lambda: ask(path))


def plant():
    import threading
    server = socket.socket(socket.AF_UNIX)
    path = os.environ["OUTSIDE"] + "/s"
    server.bind(path)
    server.listen()

    def answer():
        while True:
            peer, _ = server.accept()
            peer.recv(100)
            peer.sendall(os.environ["CANARY"].encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(path)


parts(attack, plant)
