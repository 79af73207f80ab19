# does: asks the server on the machine's loopback over IPv6, and in the other family's disguise
# stopped by: a loopback of its own (A); only named ports (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries


def attack():
    port = int(os.environ["PLANT"])

    def ask(host):
        with socket.socket(socket.AF_INET6) as peer:
            peer.settimeout(WAIT)
            peer.connect((host, port))
            say(peer.recv(4096))
    tries(lambda: ask("::1"), lambda: ask("::ffff:127.0.0.1"), lambda: ask("::"))


def plant():
    import threading
    server = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)

    def answer():
        while True:
            peer, _ = server.accept()
            peer.sendall(os.environ["CANARY"].encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(server.getsockname()[1])


parts(attack, plant)
