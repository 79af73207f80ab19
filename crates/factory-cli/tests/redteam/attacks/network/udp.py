# does: asks a server by UDP, as a name server is
# stopped by: a loopback of its own (A); seccomp (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries


def attack():
    port = int(os.environ["PLANT"])

    def ask(family, host):
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            peer.settimeout(WAIT)
            peer.sendto(b"?", (host, port))
            say(peer.recv(4096))
    tries(lambda: ask(socket.AF_INET, "127.0.0.1"), lambda: ask(socket.AF_INET6, "::ffff:127.0.0.1"))


def plant():
    import threading
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def answer():
        while True:
            _, peer = server.recvfrom(100)
            server.sendto(os.environ["CANARY"].encode(), peer)
    threading.Thread(target=answer, daemon=True).start()
    stay(server.getsockname()[1])


parts(attack, plant)
