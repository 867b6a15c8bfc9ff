"""What is not there has one page, in DEBUG too; the pages for failures need nothing that can be missing."""

from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.views.defaults import server_error

from config import static
from tests.pages.conftest import Seat
from tests.reports.missing import NO_FILES, NOTHING_THERE, STANDALONE, STYLES

NOT_FOUND = "config.not_found.NotFoundMiddleware"


@pytest.mark.parametrize("is_debug", [False, True])
@pytest.mark.parametrize("path", NOTHING_THERE)
def test_an_address_of_nothing_shows_our_page(alice: Seat, settings: Any, path: str, is_debug: bool) -> None:
    settings.DEBUG = is_debug
    settings.MIDDLEWARE = [*(each for each in settings.MIDDLEWARE if each != NOT_FOUND), *([NOT_FOUND] * is_debug)]
    for client in (alice.client, Client()):
        page = client.get(path, follow=True)
        html = page.content.decode()
        assert "DEBUG = True" not in html and "urlconf" not in html.lower()
        assert page.status_code in (200, 403, 404), "signed out, some lead to the sign-in page"
        if page.status_code == 404:
            assert "There is nothing here" in html or "not good any more" in html or "not found" in html.lower()


@pytest.mark.parametrize("is_debug", [False, True])
@pytest.mark.parametrize("path", NO_FILES)
def test_a_person_who_asks_for_an_unknown_file_sees_our_page(settings: Any, path: str, is_debug: bool) -> None:
    settings.DEBUG = is_debug
    browser = Client(headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    page = browser.get(path)
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in page.content.decode()
    part = Client(headers={"Accept": "*/*"}).get(path)
    assert (part.status_code, part.content) == (404, b"Unknown file.")


def test_a_missing_slash_is_still_added(alice: Seat, settings: Any) -> None:
    settings.DEBUG = True
    settings.MIDDLEWARE = [*(each for each in settings.MIDDLEWARE if each != NOT_FOUND), NOT_FOUND]
    response = alice.client.get("/accounts/email")
    assert (response.status_code, response["Location"]) == (301, "/accounts/email/")


@pytest.fixture
def uncollected(settings: Any, tmp_path: Path) -> None:
    """As in production where `collectstatic` has never run."""
    settings.STATIC_ROOT = tmp_path / "nothing"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "config.static.ModuleStaticFilesStorage"}}


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("name", STANDALONE)
def test_a_page_for_failures_needs_no_collected_files(rf: Any, name: str) -> None:
    html = render_to_string(name, {"sentence": "Busy.", "again": "/"})
    assert all(f'href="/static/{style}"' in html for style in STYLES)
    assert server_error(rf.get("/")).status_code == 500


@pytest.mark.usefixtures("uncollected")
def test_a_server_without_collected_files_says_so_when_it_starts() -> None:
    assert static.are_missing()


def test_a_server_that_needs_no_collected_files_says_nothing() -> None:
    assert not static.are_missing()


@pytest.mark.usefixtures("uncollected")
def test_each_page_without_collected_files_is_the_page_for_failures(alice: Seat) -> None:
    stranger = Client(raise_request_exception=False)
    alice.client.raise_request_exception = False
    for client, path in ((alice.client, "/"), (alice.client, "/nothing"), (stranger, "/accounts/login/")):
        page = client.get(path)
        assert page.status_code == 500 and "Something went wrong" in page.content.decode(), path


def test_collected_files_keep_their_hashed_names(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.templatetags.account_pages.static", lambda path: f"/static/{path}?hashed")
    assert 'href="/static/chat/css/base.css?hashed"' in render_to_string("500.html")
