# does: asks the mail server of another deployment, on the machine's loopback, what it has been sent
# stopped by: a loopback of its own (A); only named ports (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries


def attack():
    port = int(os.environ["PLANT"])
    for host in ("127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"):
        def ask():
            with socket.create_connection((host, port), timeout=WAIT) as peer:
                say(peer.recv(4096))
                peer.sendall(b"EHLO candidate\r\nVRFY ann@example.test\r\n")
                say(peer.recv(4096))
        tries(ask)


def plant():
    import threading
    server = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            peer, _ = server.accept()
            peer.sendall(b"220 twin\r\n")
            peer.recv(4096)
            peer.sendall(f"252 {os.environ['CANARY']}\r\n".encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(server.getsockname()[1])


parts(attack, plant)
