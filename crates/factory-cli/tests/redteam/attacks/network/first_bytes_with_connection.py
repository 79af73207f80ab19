# does: connects without connecting: TCP Fast Open sends the first bytes along, past whoever watches `connect`
# stopped by: a loopback of its own (A); seccomp (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import WAIT, parts, say, stay, tries

FAST_OPEN = 0x20000000


def attack():
    port = int(os.environ["PLANT"])

    def one(host, family, send):
        with socket.socket(family) as peer:
            # A socket that does not wait would only be told that it goes on.
            send(peer, (host, port))
            peer.settimeout(WAIT)
            say(peer.recv(4096))
    for host, family in (("127.0.0.1", socket.AF_INET), ("::ffff:127.0.0.1", socket.AF_INET6)):
        tries(lambda: one(host, family, lambda peer, to: peer.sendto(b"x", FAST_OPEN, to)))
        tries(lambda: one(host, family, lambda peer, to: peer.sendmsg([b"x"], [], FAST_OPEN, to)))


def plant():
    import threading
    server = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)

    def answer():
        while True:
            peer, _ = server.accept()
            peer.recv(10)
            peer.sendall(os.environ["CANARY"].encode())
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
    stay(server.getsockname()[1])


parts(attack, plant)
