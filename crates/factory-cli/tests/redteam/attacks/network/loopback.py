# does: asks a server on the machine's loopback, as the orchestrator's own interface is
# stopped by: a loopback of its own (A); only named ports (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries


def attack():
    port = int(os.environ["PLANT"])
    for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost"):
        def ask():
            with socket.create_connection((host, port), timeout=WAIT) as peer:
                say(peer.recv(4096))
        tries(ask)


def plant():
    import threading
    server = socket.create_server(("0.0.0.0", 0))

    def answer():
        while True:
            peer, _ = server.accept()
            peer.sendall(os.environ["CANARY"].encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(server.getsockname()[1])


parts(attack, plant)
