"""A service that misbehaves in as many ways as it has paths, and in the way that MODE says when it starts."""

import os
import signal
import socket
import sys
import threading
import time

MODE, PORT, SCRATCH = os.environ.get("MODE", ""), int(os.environ["PORT"]), os.environ["SCRATCH"]
MIB = b"x" * (1 << 20)


def answer(body, *headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def head(*headers):
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode()


def stream(connection, wrap):
    # Ten gibibytes, if somebody takes them.
    for sent in range(10 * 1024):
        connection.sendall(wrap(MIB))
        print("sent", sent + 1, flush=True)


def dribble(connection):
    connection.sendall(head("Content-Length: 1000"))
    while True:
        connection.sendall(b"x")
        time.sleep(1)


def print_for_ever():
    while True:
        print("x" * 1000)


def fill():
    with open(os.path.join(SCRATCH, "full"), "wb") as file:
        while True:
            file.write(MIB)
            file.flush()
            time.sleep(0.02)


def fork():
    for _ in range(200):
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(1000)


def handle(connection):
    with connection:
        request = connection.recv(65536).split(b" ")
        if len(request) < 2:
            return
        path = request[1].decode()
        send = connection.sendall
        if path in ("/", "/ok"):
            send(answer(b"ok"))
        elif path == "/endless-chunks":
            send(head("Transfer-Encoding: chunked"))
            stream(connection, lambda data: b"%x\r\n%s\r\n" % (len(data), data))
        elif path == "/endless-length":
            send(head(f"Content-Length: {10 << 30}"))
            stream(connection, lambda data: data)
        elif path == "/endless-headers":
            send(b"HTTP/1.1 200 OK\r\n")
            stream(connection, lambda data: b"X-A: " + data + b"\r\n")
        elif path == "/stays-open":
            send(head() + b"ok")
            time.sleep(1000)
        elif path == "/dribbles":
            dribble(connection)
        elif path == "/silent":
            time.sleep(1000)
        elif path == "/no-utf8":
            send(answer(b'\xff\xfe{"a": "\xc3"}'))
        elif path == "/garbage":
            send(b"\x00\x01\x02 garbage \xff\r\n\r\n")
        elif path == "/no-status-line":
            send(b"Content-Type: text/plain\r\n\r\nok")
        elif path == "/many-headers":
            send(head(*[f"X-{number}: x" for number in range(20_000)], "Content-Length: 0"))
        elif path == "/two-lengths":
            send(head("Content-Length: 2", "Content-Length: 3") + b"ok!")
        elif path == "/bad-chunks":
            send(head("Transfer-Encoding: chunked") + b"zz\r\nnonsense\r\n")
        elif path == "/loop":
            send(answer(b"", "Location: /loop", status="302 Found"))
        elif path == "/dies":
            send(head("Content-Length: 100") + b"only this")
            os._exit(9)
        elif path == "/breaks-off":
            send(head("Content-Length: 100") + b"only this")
        elif path == "/forks":
            fork()
            send(answer(b"ok"))
        elif path == "/prints":
            threading.Thread(target=print_for_ever, daemon=True).start()
            send(answer(b"ok"))
        elif path == "/fills":
            fill()
        else:
            send(answer(b"not here", status="404 Not Found"))


if MODE == "ignores_sigterm":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MODE == "daemonizes":
    if os.fork() > 0:
        sys.exit(0)
    # Long enough for the end of the first process to be noticed, however busy the machine is.
    time.sleep(5)
if MODE == "fills":
    fill()
if MODE == "listens_twice":
    first = socket.socket()
    first.bind(("127.0.0.1", PORT))
listener = socket.create_server(("127.0.0.1", PORT), backlog=256)
if MODE == "never_accepts":
    time.sleep(1000)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=handle, args=(accepted,), daemon=True).start()
