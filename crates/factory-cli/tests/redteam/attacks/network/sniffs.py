# does: listens to what others say on the loopback
# stopped by: no capability; seccomp
# profiles: A B
# off: leaked as root
import os
import socket
import time
from kit import parts, say, stay, tries


def attack():
    def hear(line):
        line.settimeout(1)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            say(line.recv(65536))
    tries(lambda: hear(socket.socket(17, socket.SOCK_RAW, socket.htons(3))))
    tries(lambda: hear(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)))


def plant():
    import threading
    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    near.bind(("127.0.0.1", 0))

    def talk():
        while True:
            near.sendto(os.environ["CANARY"].encode(), near.getsockname())
            time.sleep(0.02)
    threading.Thread(target=talk, daemon=True).start()
    stay()


parts(attack, plant)
