"""What people do on the pages and in the administration, by the same HTTP requests as their browser makes."""

import re

import httpx

from tests.servers.people import Person
from tests.servers.server_process import ServerProcess
from tests.servers.sites import Site
from tests.servers.tabs import cookie_with_csrf, http

# What Django asks of a form that no page of ours has made.
CSRF = {"Cookie": f"csrftoken={'a' * 32}", "X-CSRFToken": "a" * 32}


def submit(process: ServerProcess, session_key: str, path: str, fields: dict[str, str]) -> httpx.Response:
    """Post a form as someone who is signed in; anything but success is an error of the test."""
    headers = {**cookie_with_csrf(session_key), "Referer": process.origin}
    with http(process) as client:
        response = client.post(path, data=fields, headers=headers)
    assert response.status_code in (200, 302), f"{path}: {response.status_code}\n{response.text[:2000]}"
    return response


def slug_of(response: httpx.Response) -> str:
    """Return the slug of the room to which a form has led: that of a closed one can't be told from its name."""
    return response.headers["Location"].strip("/").rpartition("/")[2]


def sign_out(process: ServerProcess, session_key: str) -> None:
    assert submit(process, session_key, "/accounts/logout/", {}).status_code == 302


def admin_session(site: Site) -> str:
    """Return the session key of an administrator."""
    (admin,) = site.people.create("root")
    site.people.tell("make_admin", username=admin.username)
    return site.people.sign_in(admin)


def deactivate_by_admin(site: Site, person: Person, process: ServerProcess | None = None) -> None:
    fields = {"action": "deactivate", "_selected_action": person.id, "confirmed": "yes"}
    response = submit(process or site.next_process(), admin_session(site), "/admin/accounts/user/", fields)
    assert response.status_code == 302, response.text[:2000]


def ban_by_admin(site: Site, person: Person, *, reason: str = "", length: str = "") -> None:
    fields = {
        "action": "ban_users",
        "_selected_action": person.id,
        "confirmed": "yes",
        "reason": reason,
        "length": length,
    }
    response = submit(site.next_process(), admin_session(site), "/admin/accounts/user/", fields)
    assert response.status_code == 302, response.text[:2000]


def delete_by_admin(site: Site, kind: str, key: str, process: ServerProcess | None = None) -> None:
    """Delete a row on its page in the administration; `kind` is like "chat/membership"."""
    response = submit(
        process or site.next_process(), admin_session(site), f"/admin/{kind}/{key}/delete/", {"post": "yes"}
    )
    assert response.status_code == 302, response.text[:2000]


def change_password(process: ServerProcess, session_key: str, old: str, new: str) -> None:
    fields = {"oldpassword": old, "password1": new, "password2": new}
    response = submit(process, session_key, "/accounts/password/change/", fields)
    assert response.status_code == 302, re.sub(r"<[^>]+>|\s+", " ", response.text)[:2000]
