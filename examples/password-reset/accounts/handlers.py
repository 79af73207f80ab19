"""What each endpoint does."""

from __future__ import annotations

from . import emails, log, passwords, sessions, store
from .app import App
from .mailer import MailError
from .web import HttpError, Request, Response

_WELCOME = """\
Welcome!

Your account is ready. You can use it at {url}
"""

# Login verifies against this when there is no account, so that it takes as
# long as with one.
_NO_PASSWORD = passwords.hash_password("")


def health(app: App, request: Request) -> Response:
    return Response(200, {"status": "ok"})


def register(app: App, request: Request) -> Response:
    email, password = request.text_fields("email", "password")
    email = _address(email)
    if len(password) < passwords.MINIMUM_LENGTH:
        raise HttpError(400, f"the password needs {passwords.MINIMUM_LENGTH} characters or more")
    password_hash = passwords.hash_password(password)
    try:
        with app.database.transaction() as db:
            store.add_account(db, email, password_hash)
    except store.DuplicateEmail:
        raise HttpError(409, "this e-mail address already has an account") from None
    try:
        app.mailer.send(email, "Welcome", _WELCOME.format(url=app.config.public_url))
    except MailError as error:  # the account is there all the same
        log.line(f"welcome mail not sent: {error}")
    return Response(201, {"email": email})


def login(app: App, request: Request) -> Response:
    email, password = request.text_fields("email", "password")
    email = _address(email)
    with app.database.connection() as db:
        account = store.account_by_email(db, email)
    stored = account["password_hash"] if account else _NO_PASSWORD
    if not passwords.verify_password(password, stored) or account is None:
        raise HttpError(401, "wrong e-mail address or password")
    with app.database.transaction() as db:
        token = sessions.open_session(db, account["id"])
    return Response(200, {"token": token})


def me(app: App, request: Request) -> Response:
    token = _token(request)
    with app.database.connection() as db:
        account = sessions.account_of_session(db, token)
    if account is None:
        raise _not_logged_in()
    return Response(200, {"email": account["email"]})


def logout(app: App, request: Request) -> Response:
    token = _token(request)
    with app.database.transaction() as db:
        if sessions.account_of_session(db, token) is None:
            raise _not_logged_in()
        sessions.close_session(db, token)
    return Response(204)


def _address(text: str) -> str:
    try:
        return emails.normalise(text)
    except ValueError as error:
        raise HttpError(400, f'"email" is {error}') from None


def _token(request: Request) -> str:
    token = request.bearer_token()
    if token is None:
        raise _not_logged_in()
    return token


def _not_logged_in() -> HttpError:
    return HttpError(401, "log in first", {"WWW-Authenticate": "Bearer"})
