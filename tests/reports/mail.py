"""Reports about mail servers that fail. The kind: a page had stored something, and then ended in an error of the server,
because the mail about it could not be sent.
"""

import smtplib
import ssl
from typing import Any, Final, NamedTuple

from django.core.mail.backends.base import BaseEmailBackend


class FailingBackend(BaseEmailBackend):
    """A way of sending mail that raises `fault`."""

    fault: Exception = OSError()

    def send_messages(self, _messages: Any) -> int:
        raise self.fault


FAULTS: Final[tuple[Exception, ...]] = (
    ConnectionRefusedError(111, "Connection refused"),
    TimeoutError("timed out"),
    OSError(-2, "Name or service not known"),
    ssl.SSLError("certificate verify failed"),
    smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
    smtplib.SMTPAuthenticationError(535, b"Bad credentials"),
    smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"No such user")}),
    smtplib.SMTPSenderRefused(552, b"Quota exceeded", "parley@localhost"),
    smtplib.SMTPDataError(554, b"Spam"),
    smtplib.SMTPNotSupportedError("SMTPUTF8 is not supported"),
    smtplib.SMTPHeloError(501, b"Go away"),
    UnicodeEncodeError("ascii", "jürgen@example.org", 1, 2, "ordinal not in range"),
)


class Flow(NamedTuple):
    """A form that sends a mail: who fills it in, where to, with what, and where it leads.

    verification: ACCOUNT_EMAIL_VERIFICATION. says: whether the page tells that the mail could not be sent.
    """

    kind: str
    is_signed_in: bool
    path: str
    typed: dict[str, str]
    verification: str = "none"
    says: bool = True


_NEW: Final = {"username": "zoe", "password1": "a long enough phrase 7", "password2": "a long enough phrase 7"}

FLOWS: Final = (
    Flow("reset of a known address", False, "/accounts/password/reset/", {"email": "alice@example.org"}),
    Flow("reset of an unknown address", False, "/accounts/password/reset/", {"email": "ghost@example.org"}),
    Flow("sign-up", False, "/accounts/signup/", {**_NEW, "email": "zoe@example.org"}, "mandatory"),
    Flow(
        "sign-up with a known address", False, "/accounts/signup/", {**_NEW, "email": "alice@example.org"}, "mandatory"
    ),
    Flow("sign-up that needs no address", False, "/accounts/signup/", {**_NEW, "email": "zoe@example.org"}, "optional"),
    Flow("another address", True, "/accounts/email/", {"action_add": "", "email": "new@example.org"}, "optional"),
    Flow(
        "the confirmation again",
        True,
        "/accounts/email/",
        {"action_send": "", "email": "alice@example.org"},
        "optional",
    ),
    Flow("a token", True, "/settings/tokens", {"name": "bot"}, says=False),
    Flow(
        "a new password",
        True,
        "/accounts/password/change/",
        {"oldpassword": "correct horse battery staple", **{f"password{n}": "quite another phrase 9" for n in (1, 2)}},
        says=False,
    ),
)
