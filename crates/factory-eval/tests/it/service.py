"""A small service to be judged: accounts and reset links by mail. BUG in the environment makes it wrong in one way."""

import hashlib
import json
import os
import secrets
import smtplib
import sys
import threading
import time
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUG = os.environ.get("BUG", "")
DATA = os.path.join(os.environ["DATA"], "state.json")
LOCK = threading.RLock()

if BUG == "dies":
    sys.exit("cannot start: secret-of-the-log")
if BUG == "never_ready":
    time.sleep(60)


def pause():
    # Not time.sleep: under libfaketime 0.9.10 that fails from Python 3.11 on (wolfcw/libfaketime#426).
    threading.Event().wait(0.05)


def now():
    offset = 0.0
    try:
        with open(os.environ["OFFSET"]) as file:
            offset = float(file.read() or 0)
    except (KeyError, FileNotFoundError):
        pass
    return time.time() + (0 if BUG == "stopped_clock" else offset)


def load():
    if BUG == "forgets":
        return MEMORY
    try:
        with open(DATA) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"accounts": [], "tokens": {}}


def save(state):
    with open(DATA + ".new", "w") as file:
        json.dump(state, file)
    os.replace(DATA + ".new", DATA)


MEMORY = {"accounts": [], "tokens": {}}


def key(token):
    return token if BUG == "keeps_token" else hashlib.sha256(token.encode()).hexdigest()


def mail(to, link):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "me@service.test", to, "Your password"
    message.set_content(f"Follow this link: {link}\n")
    pause()
    try:
        with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), "me.test", timeout=5) as smtp:
            smtp.send_message(message, "me@service.test", [to])
    except OSError as error:
        print("no mail:", type(error).__name__, flush=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        payload = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self):
        self.answer(200, {"status": "ok"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            data = json.loads(body)
        except ValueError:
            return self.answer(400, {"error": "not JSON"})
        if BUG == "sleeps":
            # No defect.
            time.sleep(0.01)
        if BUG == "hangs" and self.path == "/forgot":
            self.close_connection = True
            return None
        return {"/register": self.register, "/forgot": self.forgot, "/reset": self.reset}[self.path](data)

    def register(self, data):
        with LOCK:
            state = load()
            state["accounts"].append(data["email"])
            save(state)
        self.answer(201, {"email": data["email"]})

    def forgot(self, data):
        email = data["email"]
        with LOCK:
            state = load()
            known = email in state["accounts"]
            if known and BUG != "no_mail":
                token = secrets.token_urlsafe(32)
                state["tokens"][key(token)] = now()
                save(state)
                link = os.environ["URL"] + ("/wrong" if BUG == "wrong_link" else "/reset") + "?token=" + token
                if BUG == "logs_token":
                    print("sending", link, flush=True)
                for _ in range(2 if BUG == "mails_twice" else 1):
                    threading.Thread(target=mail, args=(email, link)).start()
        if BUG == "wrong_status":
            return self.answer(200, {"status": "accepted"})
        if BUG == "wrong_body":
            return self.answer(202, {"status": "Accepted"})
        if BUG == "leaks" and not known:
            return self.answer(202, {"status": "accepted"}, X_Known="no")
        return self.answer(202, {"status": "accepted"}, Retry_After="soon" if BUG == "wrong_header" else "60")

    def reset(self, data):
        if BUG == "races":
            state = load()
            valid = key(data["token"]) in state["tokens"]
            pause()
            if valid:
                with LOCK:
                    state["tokens"].pop(key(data["token"]), None)
                    save(state)
            return self.answer(200 if valid else 410, {})
        with LOCK:
            state = load()
            issued = state["tokens"].pop(key(data["token"]), None)
            save(state)
        valid = issued is not None and now() - issued < 3600
        return self.answer(200 if valid else 410, {})


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
