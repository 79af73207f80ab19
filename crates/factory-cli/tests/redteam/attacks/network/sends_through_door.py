# does: reads the holdout and sends it to the model, through the door that it may use
# stopped by: there is nothing to be found (A); Landlock (B)
# profiles: A B
# off: leaked
import os
import socket
from kit import parts


def attack():
    peer = socket.create_connection(("127.0.0.1", int(os.environ["DOOR"])), timeout=2)
    peer.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n\r\n")
    with open(os.environ["HOLDOUTS"] + "/login.md", "rb") as file:
        peer.sendall(file.read())
    peer.close()


parts(attack)
