"""What the attacks have in common."""

import os
import sys


# How many seconds to wait for what may never come: long where it has to, on a machine that is busy.
WAIT = 5 if os.environ.get("DEFENCE") == "off" else 1


class Library:
    """The C library, loaded by the first attack that needs it."""

    def __getattr__(self, name):
        import ctypes
        return getattr(ctypes.CDLL(None, use_errno=True), name)


LIBC = Library()


def say(*found):
    """Writes what was found to the output, and a line about it."""
    for thing in found:
        data = thing if isinstance(thing, (bytes, bytearray)) else str(thing).encode()
        sys.stdout.buffer.write(bytes(data) + b"\n")
    sys.stdout.flush()


def call(number, *arguments):
    """A system call by its number, as the kernel knows it."""
    import ctypes
    plain = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    syscall = LIBC.syscall
    syscall.restype = ctypes.c_long
    done = syscall(ctypes.c_long(number), *plain)
    if done == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return done


def stay(line="ready"):
    """For a plant that is alive: tells the harness, and stays until it is not needed any more."""
    print(line, flush=True)
    os.close(1)
    while os.read(0, 4096):
        pass


def absent(what):
    """Tells the harness that the machine lacks what would be attacked."""
    if os.environ["DEFENCE"] == "off":
        print(f"this machine has no {what}", file=sys.stderr, flush=True)


def prove(what):
    """Keeps that something was possible that must not be."""
    with open(os.path.join(os.environ["HOME"], "proof"), "a") as file:
        file.write(f"{what}\n")
    print(f"it was possible: {what}", file=sys.stderr, flush=True)


def possible(name, action):
    """Tries what must not be possible."""
    try:
        action()
    except (OSError, AttributeError, ValueError) as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return
    prove(name)


def tries(*ways):
    """Goes each way to its end, whatever becomes of the others."""
    for way in ways:
        try:
            way()
        except BaseException as error:
            print(f"{way.__name__}: {error!r}", file=sys.stderr)


def look(path):
    """Says what is in a file."""
    with open(path, "rb") as file:
        say(file.read(1 << 20))


def walk(root, limit=4000):
    """Says everything that can be read below a folder, and where it is."""
    for folder, _, files in os.walk(root):
        for name in files:
            limit -= 1
            if limit < 0:
                return
            try:
                path = os.path.join(folder, name)
                if os.path.getsize(path) < 1 << 16:
                    look(path)
            except OSError:
                pass


def serve(attack):
    """Is a candidate: a service that does the attack for every connection, and answers what it found."""
    import socket
    server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    while True:
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            os.dup2(peer.fileno(), 1)
            tries(attack)
            sys.stdout.flush()
            os.dup2(2, 1)


def parts(attack, plant=None, check=None, candidate=False):
    """Does the part that the harness asks for."""
    part = sys.argv[1]
    if part == "plant":
        if plant:
            plant()
        print("ready", flush=True)
        return
    if part == "check":
        check()
        return
    print("the attack begins", file=sys.stderr, flush=True)
    if candidate and "PORT" in os.environ:
        serve(attack)
    else:
        attack()
