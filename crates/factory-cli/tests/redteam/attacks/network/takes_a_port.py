# does: listens on a port of the machine's loopback, in the place of somebody whom others will ask
# stopped by: a loopback of its own (A); only named ports (B)
# profiles: A B
# off: leaked
# check: somebody outside was answered by it
import os
import socket
import time
from kit import WAIT, parts, say, stay, tries


def attack():
    port = int(os.environ["PLANT"])

    def listen():
        server = socket.create_server(("127.0.0.1", port))
        server.settimeout(WAIT)
        peer, _ = server.accept()
        peer.sendall(b"it is me")
        peer.close()
    tries(listen)


def plant():
    import threading
    with socket.socket() as near:
        near.bind(("127.0.0.1", 0))
        port = near.getsockname()[1]

    def ask():
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as peer:
                    if peer.recv(100) == b"it is me":
                        open(os.environ["OUTSIDE"] + "/fooled", "w").close()
            except OSError:
                time.sleep(0.02)
    threading.Thread(target=ask, daemon=True).start()
    stay(port)


def check():
    if os.path.exists(os.environ["OUTSIDE"] + "/fooled"):
        print(os.environ["CANARY"])


parts(attack, plant, check)
