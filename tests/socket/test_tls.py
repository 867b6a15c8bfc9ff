"""Behind a proxy that ends TLS: what people came by decides about origins and cookies, not how the proxy came to us."""

from collections.abc import Iterator

import pytest

from tests.servers.event_streams import EventStream
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs, http
from tests.socket.refusals import refusal

BY_TLS = {"X-Forwarded-Proto": "https"}
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def tls_site(site_builder: SiteBuilder) -> Iterator[Site]:
    with site_builder.running(UVICORN_SQLITE, TLS=1) as site:
        yield site


def own_origin(site: Site) -> str:
    return f"https://127.0.0.1:{site.processes[0].port}"


async def test_a_page_of_our_own_opens_a_socket_and_a_stream(tls_site: Site) -> None:
    (alice,) = tls_site.people.create("alice")
    (process,), open_tab = tls_site.processes, Tabs(tls_site)
    room = await open_tab.make_room(alice)
    cookie = {"Cookie": f"__Host-sessionid={tls_site.people.sign_in(alice)}"}
    headers = {**cookie, **BY_TLS, "Origin": own_origin(tls_site)}
    assert (await open_tab.open(process, headers=headers)).welcome["user"] == alice.ref
    stream = await EventStream.open(process, room, headers=headers)
    assert stream.status == 200
    stream.close()
    await open_tab.close_all()


async def test_the_same_page_without_tls_is_a_foreign_one(tls_site: Site) -> None:
    """Someone who can write into an unencrypted page of this host must not reach what only TLS may."""
    (alice,) = tls_site.people.create("alice")
    (process,) = tls_site.processes
    room = await Tabs(tls_site).make_room(alice)
    headers = {"Cookie": f"__Host-sessionid={tls_site.people.sign_in(alice)}", **BY_TLS, "Origin": process.origin}
    (await refusal(process, headers=headers)).is_like(403, "UNAUTHORIZED")
    stream = await EventStream.open(process, room, headers=headers)
    assert stream.status == 403
    stream.close()


async def test_a_cookie_that_a_neighbour_could_have_set_is_none(tls_site: Site) -> None:
    """Without the prefix, a page of a subdomain or without TLS may set it."""
    (alice,) = tls_site.people.create("alice")
    cookie = {"Cookie": f"sessionid={tls_site.people.sign_in(alice)}"}
    headers = {**cookie, **BY_TLS, "Origin": own_origin(tls_site)}
    (await refusal(tls_site.processes[0], headers=headers)).is_like(401, "UNAUTHORIZED")
    with http(tls_site.processes[0]) as client:
        assert client.get("/", headers={**cookie, **BY_TLS}).status_code == 302


def test_pages_are_sent_to_tls_and_stay_there(tls_site: Site) -> None:
    with http(tls_site.processes[0]) as client:
        plain = client.get("/accounts/login/")
        assert (plain.status_code, plain.headers["Location"]) == (301, f"{own_origin(tls_site)}/accounts/login/")
        assert "max-age=31536000" in client.get("/accounts/login/", headers=BY_TLS).headers["Strict-Transport-Security"]


def test_signing_in_sets_a_session_cookie_that_is_ours_alone(tls_site: Site) -> None:
    (alice,) = tls_site.people.create("alice")
    tls_site.people.tell("set_password", username=alice.username, password=PASSWORD)
    headers = {
        **BY_TLS,
        "Referer": f"{own_origin(tls_site)}/accounts/login/",
        "Cookie": f"__Host-csrftoken={'a' * 32}",
        "X-CSRFToken": "a" * 32,
    }
    with http(tls_site.processes[0]) as client:
        response = client.post(
            "/accounts/login/", data={"login": alice.username, "password": PASSWORD}, headers=headers
        )
    assert response.status_code == 302
    (session,) = [line for line in response.headers.get_list("Set-Cookie") if line.startswith("__Host-sessionid=")]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(session.split("; "))
    assert "Domain" not in session
