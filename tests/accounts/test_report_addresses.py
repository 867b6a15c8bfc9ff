"""However a proxy writes an address, it is one client to the socket, the pages, the sign-in limits and the tokens."""

from itertools import combinations
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.test import Client, RequestFactory

from accounts import client_address
from chat.server.opening import address_of
from tests.reports.addresses import CHAINS, CLIENTS, NO_ADDRESS, PEER, SPELLINGS, Chain, Spelling


def request_of(lines: tuple[str, ...], peer: str = PEER) -> Any:
    # Servers join the lines of one header.
    headers = {"X-Forwarded-For": ",".join(lines)} if lines else {}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)


def scope_of(lines: tuple[str, ...], peer: str = PEER) -> dict[str, Any]:
    headers = [(b"X-Forwarded-For", line.encode("utf-8")) for line in lines]
    return {"client": (peer, 5000), "headers": [(b"host", b"chat.example"), *headers]}


@pytest.mark.parametrize("case", SPELLINGS, ids=lambda case: ascii(case.written[:40]))
def test_each_spelling_is_read_by_all_alike(settings: Any, case: Spelling) -> None:
    settings.TRUSTED_PROXIES = 1
    right = case.address or PEER
    assert client_address.as_ip(case.written) == case.address
    assert address_of(scope_of((case.written,))) == right
    assert get_adapter().get_client_ip(request_of((case.written,))) == right
    direct = case.address or NO_ADDRESS
    assert address_of(scope_of((), peer=case.written)) == direct, "a socket's own address is spelled in as many ways"
    assert client_address.of_request(request_of((), peer=case.written)) == direct


@pytest.mark.parametrize("case", CHAINS, ids=lambda case: case.kind)
def test_only_what_our_own_proxies_have_added_is_believed(settings: Any, case: Chain) -> None:
    settings.TRUSTED_PROXIES = case.proxies
    assert address_of(scope_of(case.lines)) == case.address
    assert get_adapter().get_client_ip(request_of(case.lines)) == case.address


def test_one_client_is_counted_once_and_two_are_counted_apart(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    counted = [
        {client_address.network_of(address_of(scope_of((written,)))) for written in client}
        | {client_address.network_of(written) for written in client}
        for client in CLIENTS
    ]
    assert all(len(each) == 1 for each in counted), counted
    assert not any(one & other for one, other in combinations(counted, 2))
    limits = [{ratelimit.get_ip(request_of((written,))) for written in client} for client in CLIENTS]
    assert all(len(each) == 1 for each in limits), limits
    assert not any(one & other for one, other in combinations(limits, 2))


@pytest.mark.django_db
@pytest.mark.parametrize("forwarded", ["unknown", "[", "[2001:db8::1]:4711", "203.0.113.9:5001", "", "x, , y"])
def test_no_address_is_a_refusal_or_an_error_of_the_sign_in_page(settings: Any, forwarded: str) -> None:
    settings.TRUSTED_PROXIES = 3
    client = Client(headers={"X-Forwarded-For": forwarded})
    response = client.post("/accounts/login/", {"login": "nobody", "password": "wrong"})
    assert response.status_code == 200 and "username and/or password" in response.content.decode()
