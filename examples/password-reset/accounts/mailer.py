"""Sends plain text mail over SMTP, one connection a mail."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr

from . import clock

TIMEOUT_SECONDS = 5

# RFC 5322 allows lines of 998 characters. With the default of 78, a longer
# link would be cut up by the quoted-printable encoding.
_POLICY = SMTP.clone(max_line_length=998)


class MailError(Exception):
    """The mail server did not take the mail."""


class Mailer:
    def __init__(self, host: str, port: int, sender: str) -> None:
        self._host = host
        self._port = port
        self._sender = sender

    def send(self, recipient: str, subject: str, text: str) -> None:
        """Returns once the mail server has the mail; raises MailError if not."""
        envelope_sender = parseaddr(self._sender)[1]
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._sender
        message["To"] = recipient
        message["Subject"] = subject
        message["Date"] = formatdate(clock.now())
        message["Message-ID"] = make_msgid(domain=envelope_sender.rpartition("@")[2])
        message.set_content(text)
        try:
            # Without local_hostname, smtplib would ask the DNS for our name.
            with smtplib.SMTP(
                self._host, self._port, local_hostname="localhost", timeout=TIMEOUT_SECONDS
            ) as smtp:
                smtp.send_message(message, envelope_sender, [recipient])
        except OSError as error:  # SMTPException is one, too
            # Only the kind: the text may quote the address or the mail.
            raise MailError(type(error).__name__) from error
