# does: a candidate asks what listens on the machine's loopback, when it is asked something itself
# stopped by: a loopback of its own (A); only named ports (B)
# profiles: A B
# off: leaked
# role: candidate
import os
import socket
from kit import parts, say, stay


def attack():
    with socket.create_connection(("127.0.0.1", int(os.environ["PLANT"])), timeout=2) as peer:
        say(peer.recv(4096))


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


parts(attack, plant, candidate=True)
