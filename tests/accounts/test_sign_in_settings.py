"""Settings that keep people's ways in safe: they refuse to be forgotten, and mark the cookies."""

import json
import os
import subprocess
import sys

import pytest

from tests.servers.processes import REPOSITORY


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the real settings and only this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    chosen = kept | {"ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "config.settings"} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=chosen, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


START = "import django; django.setup(); print('started')"


def test_without_a_secret_key_nothing_starts_outside_debug() -> None:
    done = run(START)
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr
    assert "started" not in done.stdout


def test_an_empty_secret_key_is_none() -> None:
    assert "SECRET_KEY is not set" in run(START, SECRET_KEY="").stderr


def test_with_a_secret_key_or_in_debug_it_starts() -> None:
    assert run(START, SECRET_KEY="k" * 50).stdout.strip() == "started"
    assert run(START, DEBUG="1").stdout.strip() == "started"


COOKIES = """
import django, json; django.setup()
from django.conf import settings
from django.test import Client
response = Client().get("/accounts/login/", secure=True, headers={"host": "localhost"})
cookie = response.cookies[settings.CSRF_COOKIE_NAME]
print(json.dumps({
    "csrf": [cookie.key, cookie["secure"], cookie["samesite"], cookie["path"], cookie["domain"]],
    "session": [
        settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_SAMESITE,
        settings.SESSION_COOKIE_PATH, settings.SESSION_COOKIE_DOMAIN or "",
    ],
    "httponly": settings.SESSION_COOKIE_HTTPONLY,
    "hsts": response.headers.get("Strict-Transport-Security", ""),
}))
"""


def test_cookies_are_bound_to_the_host_and_to_https_when_there_is_tls() -> None:
    done = run(COOKIES, DEBUG="1", TLS="1")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["csrf"] == ["__Host-csrftoken", True, "Lax", "/", ""]
    assert seen["session"] == ["__Host-sessionid", True, "Lax", "/", ""]
    assert seen["httponly"] is True
    assert "max-age=31536000" in seen["hsts"]


def test_without_tls_the_cookies_have_plain_names_so_that_a_laptop_can_set_them() -> None:
    done = run(COOKIES, DEBUG="1")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["csrf"][:2] == ["csrftoken", ""]
    assert seen["session"][:2] == ["sessionid", False]
    assert seen["hsts"] == ""


@pytest.mark.parametrize(
    "url", ["chat.example.org", "ftp://a", "https://a/b", "https://a?b", "https://me@a", "https://"]
)
def test_a_public_url_that_is_not_an_origin_is_refused(url: str) -> None:
    assert "PUBLIC_URL is" in run(START, DEBUG="1", PUBLIC_URL=url).stderr


def test_a_public_url_may_end_with_a_slash_and_have_a_port() -> None:
    told = "from django.conf import settings; print(settings.PUBLIC_URL)"
    assert run(told, DEBUG="1", PUBLIC_URL="https://chat.example.org:8443/").stdout == "https://chat.example.org:8443\n"
