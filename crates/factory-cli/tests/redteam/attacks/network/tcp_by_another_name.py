# does: connects to a TCP server by protocols that fall back to TCP, but are not called so
# stopped by: a loopback of its own (A); seccomp (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries

MPTCP, SMC, SCTP, AF_SMC = 262, 256, 132, 43


def attack():
    port = int(os.environ["PLANT"])

    def ask(family, protocol):
        with socket.socket(family, socket.SOCK_STREAM, protocol) as peer:
            peer.settimeout(WAIT)
            peer.connect(("127.0.0.1", port))
            say(peer.recv(4096))
    for protocol in (MPTCP, SMC, SCTP):
        tries(lambda: ask(socket.AF_INET, protocol))
    tries(lambda: ask(AF_SMC, 0))


def plant():
    import threading
    server = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            peer, _ = server.accept()
            peer.sendall(os.environ["CANARY"].encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(server.getsockname()[1])


parts(attack, plant)
