"""Whatever the mail server does, a page that sends a mail is a page; it says so where the reader waits for the mail."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.adapter import MAIL_FAILED
from accounts.models import User
from tests.accounts.conftest import PASSWORD, reauthenticate
from tests.reports.mail import FAULTS, FLOWS, FailingBackend, Flow

BACKEND = "tests.reports.mail.FailingBackend"
SHOWN = MAIL_FAILED.replace("'", "&#x27;")


def sent(flow: Flow, client: Client, settings: Any) -> Any:
    settings.ACCOUNT_EMAIL_VERIFICATION, settings.ACCOUNT_EMAIL_NOTIFICATIONS = flow.verification, True
    if flow.is_signed_in:
        reauthenticate(client)
    return client.post(flow.path, flow.typed, follow=True)


@pytest.fixture
def alices_address(alice: User) -> EmailAddress:
    alice.set_password(PASSWORD)
    alice.save()
    return EmailAddress.objects.get_or_create(user=alice, email="alice@example.org", primary=True)[0]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.kind)
def test_a_mail_that_can_not_be_sent_is_no_error_of_the_server(
    alices_address: EmailAddress, as_alice: Client, settings: Any, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = BACKEND
    tried: list[object] = []

    def refuse(_self: FailingBackend, some: list[object]) -> None:
        tried.extend(some)
        raise ConnectionRefusedError

    monkeypatch.setattr(FailingBackend, "send_messages", refuse)
    page = sent(flow, as_alice if flow.is_signed_in else Client(), settings)
    html = page.content.decode()
    assert page.status_code == 200 and tried
    assert (SHOWN in html) == flow.says
    assert "sent to" not in html and "is on its way" not in html


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_no_fault_of_a_mail_server_is_one_of_ours(
    alices_address: EmailAddress, settings: Any, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    settings.EMAIL_BACKEND = BACKEND
    monkeypatch.setattr(FailingBackend, "fault", fault)
    for email in ("alice@example.org", "ghost@example.org"):
        page = Client().post("/accounts/password/reset/", {"email": email})
        assert page.status_code == 200 and SHOWN in page.content.decode(), "known or not, the page is the same"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.kind)
def test_where_mail_works_nothing_is_said_of_failures(
    alices_address: EmailAddress, as_alice: Client, settings: Any, flow: Flow
) -> None:
    page = sent(flow, as_alice if flow.is_signed_in else Client(), settings)
    assert page.status_code == 200 and SHOWN not in page.content.decode() and mail.outbox


def test_an_account_whose_confirmation_could_not_be_sent_is_there_and_gets_it_later(db: None, settings: Any) -> None:
    flow = FLOWS[2]
    settings.EMAIL_BACKEND = BACKEND
    sent(flow, Client(), settings)
    assert User.objects.get().username == "zoe"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "confirm_email": None}
    typed = {"login": "zoe", "password": flow.typed["password1"]}
    Client().post("/accounts/login/", typed, follow=True)
    assert [message.to for message in mail.outbox] == [["zoe@example.org"]]
