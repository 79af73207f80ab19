# does: writes a file that is larger than it may be, with a hole and without
# stopped by: a limit of each process
# profiles: A B
# off: leaked
# check: there is such a file
import os
import signal
from kit import parts, tries


def attack():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def hole():
        with open("hole", "wb") as file:
            file.seek(100 << 20)
            file.write(b"x")

    def cut():
        open("cut", "wb").close()
        os.truncate("cut", 100 << 20)

    def kept():
        with open("kept", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 40 << 20)
    tries(hole, cut, kept)


def check():
    for name in ("hole", "cut", "kept"):
        path = os.path.join(os.environ["ROOT"], name)
        if os.path.exists(path) and os.path.getsize(path) > 33 << 20:
            print(os.environ["CANARY"])


parts(attack, check=check)
