"""A request that is refused is one line in the log, as production writes it: strangers can send as many as they like."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from chat.protocol import frames
from config import urls
from config.logs import configure

Lines = Callable[[], list[dict[str, Any]]]

_BROKEN_FORM = b"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--"


def _raising(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(_request: HttpRequest) -> HttpResponse:
        raise error

    return view


handler429 = urls.handler429
urlpatterns = [
    *urls.urlpatterns,
    path("raises/bad-request", _raising(BadRequest("no"))),
    path("raises/suspicious", _raising(SuspiciousOperation("no"))),
    path("raises/forbidden", _raising(PermissionDenied("no"))),
    path("raises/missing", _raising(Http404("no"))),
    path("raises/fault", _raising(RuntimeError("ours"))),
]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Return what was logged since, each line read as the JSON that it must be."""
    configure({"level": "INFO", "json": True})
    (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, logging.StreamHandler)]
    written = io.StringIO()
    handler.setStream(written)
    cache.clear()
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    configure(settings.LOGGING)
    cache.clear()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/raises/bad-request", 400),
        ("/raises/suspicious", 400),
        ("/raises/forbidden", 403),
        ("/raises/missing", 404),
        ("/nowhere", 404),
        ("/settings/tokens/1/revoke", 302),
    ],
)
def test_a_refused_page_is_one_line_without_a_traceback(
    client: Client, lines: Lines, address: str, status: int
) -> None:
    assert client.get(address).status_code == status
    logged = lines()
    assert len(logged) == (status >= 400)
    assert [line for line in logged if "exception" in line or "Traceback" in str(line)] == []


def test_a_refusal_of_what_is_long_is_a_short_line(client: Client, lines: Lines) -> None:
    """A stranger's address may have 64 KB: a few hundred a second would fill a disk within the hour."""
    assert client.get(f"/{'x' * 60_000}").status_code == 404
    with pytest.raises(frames.BadFrame) as caught:
        frames.decode(json.dumps({"type": "ping", "payload": {f"x - at ${'y' * 60_000}": 1}}))
    structlog.get_logger("chat").info("frame.refused", details=caught.value.details)
    assert [len(json.dumps(line)) < 1500 for line in lines()] == [True, True]


@pytest.mark.django_db
def test_staff_without_the_permission_are_refused_in_one_line(client: Client, lines: Lines) -> None:
    staff = User.objects.create_user("sam", "", "x", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    client.force_login(staff)
    assert client.get("/admin/accounts/user/").status_code == 403
    (line,) = lines()
    assert (line["level"], "exception" in line, "Forbidden" in line["event"]) == ("warning", False, True)


@pytest.mark.django_db
def test_every_kind_of_refusal_is_one_line(lines: Lines) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("sam", "", "x"))
    seen = {
        client.post("/settings/", {"display_name": "x"}).status_code,
        client.post("/settings/", _BROKEN_FORM, content_type="multipart/form-data; boundary=x").status_code,
        client.post("/settings/", "a=1", content_type="multipart/form-data; boundary=" + "x" * 300).status_code,
        client.get("/settings/tokens/1/revoke").status_code,
        client.get("/rooms/nowhere/").status_code,
        client.get("/rooms/", {"page": "\0"}).status_code,
        client.get("/", headers={"Host": "evil.example"}).status_code,
    }
    for number in range(21):
        status = Client().post("/accounts/password/reset/", {"email": f"a{number}@example.org"}).status_code
        seen.add(status)
    assert {400, 403, 404, 405, 429} <= seen
    assert max(seen) < 500
    assert [line for line in lines() if "exception" in line or "Traceback" in str(line)] == []


@pytest.mark.urls(__name__)
def test_a_fault_of_ours_keeps_its_traceback(client: Client, lines: Lines) -> None:
    assert client.get("/raises/fault").status_code == 500
    (line,) = lines()
    assert line["level"] == "error" and "RuntimeError: ours" in line["exception"]
