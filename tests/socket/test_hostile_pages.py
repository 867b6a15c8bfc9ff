"""Requests for pages that mean harm, from strangers and members: one response and at most one line in the log each."""

import json

import httpx
import pytest

from tests.servers.people import Person
from tests.servers.sites import UVICORN_POSTGRES, UVICORN_SQLITE, Site
from tests.servers.tabs import cookie_with_csrf, http, session_cookie

pytestmark = pytest.mark.parametrize("profile", [UVICORN_SQLITE, UVICORN_POSTGRES], ids=str)

LONG = "x" * 30_000
ADDRESSES = {
    "a NUL in the path": "/invite/a%00b",
    "a NUL in the query": "/search?q=a%00b",
    "an unknown path": "/no/such/page",
    "an unknown path of bytes": "/%ff%fe/%f0%28",
    "a path out of the tree": "/attachments/%2e%2e/%2e%2e",
    "a redirect that is too long": f"/usage?room={LONG}",
    "a number without an end": "/rooms/launch/?seq=" + "9" * 5000,
}


def handled(site: Site, response: httpx.Response, marks: list[int]) -> None:
    """The request was refused or handled, and the log has no more than a line of it."""
    assert response.status_code < 500, response.text[:500]
    lines = site.log_text(marks).splitlines()
    assert len(lines) <= 1 and "Traceback" not in "".join(lines), lines


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_address_gets_one_response(site: Site, alice: Person, address: str) -> None:
    for headers in ({}, session_cookie(site.people.sign_in(alice))):
        marks = site.log_marks()
        with http(site.processes[0]) as client:
            handled(site, client.get(address, headers=headers), marks)


@pytest.mark.parametrize(
    "cookie", ['sessionid="\\000"', 'csrftoken="a\\000b"', f"sessionid={LONG}"], ids=["NUL", "NUL within", "long"]
)
def test_a_cookie_gets_one_response(site: Site, cookie: str) -> None:
    marks = site.log_marks()
    with http(site.processes[0]) as client:
        handled(site, client.get("/", headers={"Cookie": cookie}), marks)


def test_a_form_of_too_many_fields_gets_one_response(site: Site, alice: Person) -> None:
    headers = cookie_with_csrf(site.people.sign_in(alice))
    marks = site.log_marks()
    with http(site.processes[0]) as client:
        fields = {f"field{number}": "x" for number in range(1001)}
        response = client.post("/rooms/new", data=fields, headers={**headers, "Referer": site.processes[0].origin})
    assert response.status_code == 400
    handled(site, response, marks)


def test_what_is_no_passkey_gets_one_response(site: Site) -> None:
    """From strangers: with a passkey one signs in."""
    headers = {**cookie_with_csrf("nobody"), "Referer": site.processes[0].origin}
    for credential in ("[" * 20_000, "9" * 5000, json.dumps({"id": "\0"})):
        marks = site.log_marks()
        with http(site.processes[0]) as client:
            response = client.post("/accounts/2fa/webauthn/login/", data={"credential": credential}, headers=headers)
        assert response.status_code in (302, 429)
        handled(site, response, marks)
