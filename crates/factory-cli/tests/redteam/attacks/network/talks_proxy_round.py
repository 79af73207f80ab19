# does: talks the proxy, which takes it to one host, into taking it to another: NUL, suffix, prefix, user information, a dot at the end, spellings of addresses, a name that turns out to be this machine's, a second request
# stopped by: the target is compared byte by byte, and what a name leads to is looked at before it is dialled
# profiles: A B
# off: leaked
# allows: allowed.example:443 localhost:PLANT
import os
import socket
import urllib.parse
from kit import WAIT, parts, say, stay, tries


def attack():
    port = os.environ["PLANT"]
    proxy = urllib.parse.urlsplit(os.environ.get("HTTP_PROXY", "")).netloc.rpartition(":")
    here = f"127.0.0.1:{port}"
    targets = [
        here, f"localhost:{port}", f"LOCALHOST:{port}", f"localhost.:{port}", f"[::1]:{port}", f"[::ffff:127.0.0.1]:{port}", f"0.0.0.0:{port}",
        f"2130706433:{port}", f"0x7f000001:{port}", f"0177.0.0.1:{port}", f"127.1:{port}", f"allowed.example:443@{here}", f"allowed.example:443\0{here}",
        f"{here}\0allowed.example:443", f"allowed.example:443#{here}", f"allowed.example:443,{here}", f"{here} allowed.example:443", f"allowed.example.localhost:{port}",
        f"allowed.example%00.localhost:{port}", f"allowed.example:{port}", f"local\u017fost:{port}", f"localhost:{port}:443", f"localhost%2e:{port}",
    ]
    requests = [f"CONNECT {target} HTTP/1.1\r\nHost: allowed.example:443\r\n\r\n" for target in targets]
    requests += [f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n" for target in targets]
    requests += [
        f"CONNECT allowed.example:443 HTTP/1.1\r\nHost: {here}\r\n\r\nCONNECT {here} HTTP/1.1\r\n\r\n",
        f"CONNECT allowed.example:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcdeCONNECT {here} HTTP/1.1\r\n\r\n",
        f"CONNECT allowed.example:443\nCONNECT {here} HTTP/1.1\r\n\r\n",
    ]

    def ask(where, request):
        with socket.create_connection(where, timeout=WAIT) as peer:
            peer.sendall(request.encode("utf-8", "surrogateescape") + b"are you there?")
            peer.settimeout(WAIT)
            while part := peer.recv(4096):
                say(part)
    if proxy[0]:
        for request in requests:
            tries(lambda: ask((proxy[0], int(proxy[2])), request))
    # As it would be without a proxy.
    tries(lambda: ask(("127.0.0.1", int(port)), ""))


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


parts(attack, plant)
