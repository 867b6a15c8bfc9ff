"""Uploading and getting files over HTTP: who may, what is refused, and with what warnings it is handed out."""

import asyncio
import io
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import ApiToken
from chat import known_models
from chat.known_models import KnownModel
from chat.lifetime import part
from chat.limits import rates
from chat.messages.posting import Post, store
from chat.models import Attachment, Message, Room
from chat.presenter import present_messages
from chat.protocol import frames, requests
from chat.rooms import members
from tests.chat import sample_files
from tests.pages.conftest import Seat
from tests.reports import office_files, seen_documents
from tests.servers.pages import slug_of, submit
from tests.servers.people import Person, unique
from tests.servers.raw_socket import RESPONSE_SECONDS
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import bearer, http

# The views look into the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

POLICY: Final = "default-src 'none'; sandbox"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.MEDIA_ROOT = str(tmp_path)
    rates.forget()
    yield tmp_path
    rates.forget()


def upload(
    client: Client, content: bytes = b"hello", name: str = "hello.txt", room: str = "launch", **more: Any
) -> Any:
    file = io.BytesIO(content)
    file.name = name
    return client.post(f"/rooms/{room}/attachments", {"file": file}, **more)


def kept(client: Client, content: bytes = b"hello", name: str = "hello.txt", room: str = "launch") -> dict[str, Any]:
    response = upload(client, content, name, room)
    assert response.status_code == 201, response.content
    assert response["Content-Type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def post(author: Seat, room: str, *attachments: dict[str, Any]) -> None:
    (result,) = store([Post.of(author.actor, room, "", "", attachments=tuple(each["id"] for each in attachments))])
    assert not isinstance(result, Exception), result


def body(response: Any) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the test client reads an asynchronous stream synchronously
        return b"".join(response)


def refusal(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/json"
    told = response.json()
    assert (told["type"], told["success"]) == ("error", False)
    return response.status_code, told["error"]["code"]


# --- Uploading ------------------------------------------------------------------------------------------------------


def test_a_member_uploads_a_file_and_gets_it_back(bob: Seat, closed_room: Room) -> None:
    response = kept(bob.client, b"hello", "notes.txt")
    assert response == {
        "id": response["id"],
        "name": "notes.txt",
        "contentType": "text/plain; charset=utf-8",
        "size": 5,
        "url": f"/attachments/{response['id']}/notes.txt",
    }
    got = bob.client.get(response["url"])
    assert (got.status_code, body(got)) == (200, b"hello")
    assert got["Content-Length"] == "5"


READINGS: Final = (
    ("words", lambda: b"hello", None),
    ("a picture", sample_files.picture, None),
    ("a paper", seen_documents.pdf, None),
    ("a letter", office_files.letter, None),
    ("a locked paper", lambda: seen_documents.encrypted("secret"), "it is encrypted"),
    ("a locked letter", office_files.locked, "it is encrypted"),
    ("a damaged paper", lambda: b"%PDF-1.7 and no more", "it is damaged"),
    ("a book", lambda: seen_documents.pdf(101), "more than 100 pages"),
    ("a long paper", lambda: seen_documents.pdf(40), "Too long for Claude to read at once."),
    ("a long text", lambda: b"word " * 100_000, "Too long for Claude to read at once."),
    ("an archive", lambda: office_files.archive(notes_txt=b"hello"), "files of this kind"),
    ("bytes", lambda: bytes(range(256)), "files of this kind"),
)


@pytest.mark.parametrize(("what", "make", "reason"), READINGS, ids=[each[0] for each in READINGS])
def test_the_uploader_is_told_whether_claude_can_read_it_and_why_not(
    what: str, make: Callable[[], bytes], reason: str | None, bob: Seat, closed_room: Room, settings: Any
) -> None:
    settings.CLAUDE_BACKEND, settings.CLAUDE_CONTEXT_TOKENS = "anthropic", 100_000
    told = kept(bob.client, make(), what)
    assert told["claudeReads"] is (reason is None)
    assert (told.get("claudeReason") is None) if reason is None else (reason in told["claudeReason"])
    post(bob, "launch", told)
    (message,) = present_messages("launch", list(Message.objects.order_by("-seq")[:1]))
    (attachment,) = json.loads(frames.to_json(message))["attachments"]
    assert "claudeReads" not in attachment and "claudeReason" not in attachment


def test_a_model_that_cannot_see_is_said_to(
    bob: Seat, closed_room: Room, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLAUDE_BACKEND = "anthropic"
    known = KnownModel(settings.CLAUDE_MODEL, "It", pictures=False)
    monkeypatch.setattr(part(known_models.Listed), "models", {known.id: known})
    told = kept(bob.client, sample_files.picture(), "it.png")
    assert (told["claudeReads"], told["claudeReason"]) == (
        False,
        "The model of this room can't read files of this kind.",
    )


def test_a_large_file_comes_back_whole(bob: Seat, closed_room: Room) -> None:
    content = bytes(range(256)) * 20_000
    assert body(bob.client.get(kept(bob.client, content)["url"])) == content


def test_an_outsider_cannot_tell_a_closed_room_from_none(mallory: Seat, closed_room: Room) -> None:
    hidden, missing = (upload(mallory.client, room=room) for room in ("launch", "nowhere"))
    assert refusal(hidden) == refusal(missing) == (404, "NOT_FOUND")
    assert hidden.json()["error"] == missing.json()["error"]
    assert not Attachment.objects.exists()


def test_who_has_not_joined_an_open_room_uploads_nothing(mallory: Seat, open_room: Room) -> None:
    assert refusal(upload(mallory.client, room="general")) == (403, "UNAUTHORIZED")


def test_nothing_is_uploaded_to_an_archived_room(alice: Seat, closed_room: Room) -> None:
    Room.objects.update(archived_at=timezone.now())
    assert refusal(upload(alice.client)) == (409, "REQUEST_FAILED")


def test_nobody_uploads_without_signing_in(client: Client, closed_room: Room) -> None:
    assert refusal(upload(client)) == (401, "UNAUTHORIZED")


def test_a_page_needs_the_csrf_token_and_a_program_its_own(alice: Seat, closed_room: Room) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.user)
    assert refusal(upload(strict)) == (403, "UNAUTHORIZED")
    assert not Attachment.objects.exists()
    _token, secret = ApiToken.issue(alice.user, "tests")
    program = Client(enforce_csrf_checks=True)
    assert refusal(upload(program, headers={"Authorization": "Bearer wrong"})) == (401, "UNAUTHORIZED")
    response = upload(program, headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == 201
    got = program.get(response.json()["url"], headers={"Authorization": f"Bearer {secret}"})
    assert body(got) == b"hello"


def test_too_large_a_file_is_refused(bob: Seat, closed_room: Room, settings: Any) -> None:
    settings.UPLOAD_BYTES = 100
    assert upload(bob.client, b"a" * 100).status_code == 201
    assert refusal(upload(bob.client, b"a" * 101)) == (413, "VALIDATION_ERROR")


def test_too_many_uploads_have_to_wait(alice: Seat, bob: Seat, closed_room: Room, settings: Any) -> None:
    settings.UPLOADS_PER_HOUR = 4  # half of them at once
    kept(bob.client)
    # What is refused counts as well: looking at it was the work.
    assert refusal(upload(bob.client, b"")) == (400, "VALIDATION_ERROR")
    response = upload(bob.client)
    assert refusal(response) == (429, "RATE_LIMITED")
    assert 800 < int(response["Retry-After"]) <= 900
    kept(alice.client)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"file": "no file but a text"},
        {"other": io.BytesIO(b"under another name")},
        {"file": [io.BytesIO(b"one"), io.BytesIO(b"two")]},
        {"file": io.BytesIO(b"one"), "more": io.BytesIO(b"two")},
    ],
)
def test_what_is_not_one_file_is_refused(bob: Seat, closed_room: Room, form: dict[str, Any]) -> None:
    for value in form.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, io.BytesIO):
                each.seek(0)
    assert refusal(bob.client.post("/rooms/launch/attachments", form)) == (400, "VALIDATION_ERROR")
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/form-data", b"without a boundary"),
        ("multipart/form-data; boundary=b", b"not a part in it"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut',
        ),
        ("application/json", b"{}"),
        ("image/png", sample_files.picture()),
    ],
)
def test_a_broken_form_gets_one_clear_response(bob: Seat, closed_room: Room, content_type: str, content: bytes) -> None:
    response = bob.client.generic("POST", "/rooms/launch/attachments", content, content_type=content_type)
    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert not Attachment.objects.exists()


def test_a_full_disk_is_told_as_such(bob: Seat, closed_room: Room, media: Path) -> None:
    with mock.patch.object(default_storage, "save", side_effect=OSError(28, "No space left on device")):
        assert refusal(upload(bob.client)) == (503, "UNAVAILABLE")
    assert not Attachment.objects.exists()
    kept(bob.client)


def test_a_database_that_is_away_is_told_as_such(bob: Seat, closed_room: Room) -> None:
    url = kept(bob.client)["url"]
    with mock.patch("chat.http.files.access.attachment_for", side_effect=OperationalError):
        assert refusal(bob.client.get(url)) == (503, "UNAVAILABLE")
    with mock.patch("chat.http.files.attachments.check_may_upload", side_effect=OperationalError):
        assert refusal(upload(bob.client)) == (503, "UNAVAILABLE")


# --- Getting --------------------------------------------------------------------------------------------------------


def test_a_file_is_handed_out_so_that_it_can_do_nothing(bob: Seat, closed_room: Room) -> None:
    got = bob.client.get(kept(bob.client, b"<script>alert(1)</script>", "page.html")["url"])
    assert got["Content-Type"] == "text/plain; charset=utf-8"
    assert got["Content-Disposition"] == 'attachment; filename="page.html"'
    assert got["Content-Security-Policy"] == POLICY
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["X-Frame-Options"] == "DENY"
    assert got["Cross-Origin-Resource-Policy"] == "same-origin"
    assert got["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [
        (b"<html><script>alert(1)</script>", "photo.png", "text/plain; charset=utf-8"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "logo.svg", "text/plain; charset=utf-8"),
        (b'<?xml version="1.0"?><svg onload="alert(1)">\x00</svg>', "logo.png", "application/octet-stream"),
        (b"%PDF-1.7 <script>", "paper.html", "application/pdf"),
        (b"MZ\x90\x00", "photo.jpg", "application/octet-stream"),
    ],
)
def test_only_pictures_are_shown_in_a_page(
    bob: Seat, closed_room: Room, content: bytes, name: str, content_type: str
) -> None:
    response = kept(bob.client, content, name)
    assert response["contentType"] == content_type and "width" not in response
    for url in (response["url"], response["url"] + "?preview"):
        got = bob.client.get(url)
        assert got["Content-Type"] == content_type
        assert got["Content-Disposition"].startswith("attachment;")
        assert (got["Content-Security-Policy"], body(got)) == (POLICY, content)


def test_a_picture_is_shown_with_a_small_one_for_the_timeline(bob: Seat, closed_room: Room) -> None:
    response = kept(bob.client, sample_files.picture("JPEG", 1600, 800), "photo.jpg")
    assert (response["contentType"], response["width"], response["height"]) == ("image/jpeg", 1600, 800)
    whole, small = bob.client.get(response["url"]), bob.client.get(response["url"] + "?preview")
    assert (whole["Content-Type"], small["Content-Type"]) == ("image/jpeg", "image/webp")
    assert whole["Content-Disposition"] == 'inline; filename="photo.jpg"'
    assert whole["ETag"] != small["ETag"]
    assert Image.open(io.BytesIO(body(whole))).size == (1600, 800)
    content = body(small)
    assert Image.open(io.BytesIO(content)).size == (800, 400)
    assert small["Content-Length"] == str(len(content))


def test_a_picture_that_is_small_enough_is_its_own_preview(bob: Seat, closed_room: Room) -> None:
    url = kept(bob.client, sample_files.picture("PNG", 40, 30))["url"]
    assert body(bob.client.get(url + "?preview")) == body(bob.client.get(url))


def test_a_browser_asks_each_time_and_loads_only_once(bob: Seat, closed_room: Room) -> None:
    url = kept(bob.client)["url"]
    tag = bob.client.get(url)["ETag"]
    again = bob.client.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert bob.client.get(url, headers={"If-None-Match": '"another"'}).status_code == 200


def test_the_head_of_a_file_is_told_without_its_body(bob: Seat, closed_room: Room) -> None:
    response = bob.client.head(kept(bob.client)["url"])
    assert (response.status_code, response["Content-Length"]) == (200, "5")
    assert not response.streaming


def test_a_file_is_of_those_who_may_read_its_room(alice: Seat, bob: Seat, mallory: Seat, closed_room: Room) -> None:
    response = kept(bob.client)
    assert alice.client.get(response["url"]).status_code == 404  # not posted yet
    post(bob, "launch", response)
    assert alice.client.get(response["url"]).status_code == 200
    hidden, missing = mallory.client.get(response["url"]), mallory.client.get("/attachments/nothing/hello.txt")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert "hello" not in hidden.content.decode()


def test_who_was_removed_gets_nothing_not_even_what_they_have_seen(alice: Seat, bob: Seat, closed_room: Room) -> None:
    own, other = kept(bob.client), kept(alice.client)
    post(bob, "launch", own)
    post(alice, "launch", other)
    tags = {each["url"]: bob.client.get(each["url"])["ETag"] for each in (own, other)}
    members.remove_member(alice.actor, requests.RemoveMember(room="launch", user="bob"))
    for url, tag in tags.items():
        assert bob.client.get(url).status_code == 404
        assert bob.client.get(url, headers={"If-None-Match": tag}).status_code == 404
    assert alice.client.get(own["url"]).status_code == 200


def test_who_is_not_signed_in_is_asked_to(client: Client, bob: Seat, closed_room: Room) -> None:
    url = kept(bob.client)["url"]
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/attachments/")
    assert refusal(client.get(url, headers={"Authorization": "Bearer wrong"})) == (401, "UNAUTHORIZED")
    bob.user.is_active = False
    bob.user.save()
    assert bob.client.get(url).status_code == 302


def test_a_file_that_is_gone_from_the_disk_is_not_there(bob: Seat, closed_room: Room) -> None:
    response = kept(bob.client)
    default_storage.delete(Attachment.objects.get().file.name or "")
    assert bob.client.get(response["url"]).status_code == 404


@pytest.mark.parametrize(
    ("name", "shown", "disposition"),
    [
        ("../../../etc/passwd", "passwd", 'attachment; filename="passwd"'),
        ("..\\..\\boot.ini", "boot.ini", 'attachment; filename="boot.ini"'),
        ("invoice\u202egnp.exe", "invoicegnp.exe", 'attachment; filename="invoicegnp.exe"'),
        ("a\x00b.txt", "ab.txt", 'attachment; filename="ab.txt"'),
        ("über ✓.txt", "über ✓.txt", "attachment; filename*=utf-8''%C3%BCber%20%E2%9C%93.txt"),
        ("50% of #1?.txt", "50% of #1?.txt", 'attachment; filename="50% of #1?.txt"'),
        ("n" * 400 + ".txt", "n" * 116 + ".txt", f'attachment; filename="{"n" * 116}.txt"'),
    ],
)
def test_a_name_is_only_a_name(bob: Seat, closed_room: Room, name: str, shown: str, disposition: str) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: text/html\r\n\r\nhello\r\n--b--\r\n'
    )
    response = bob.client.generic(
        "POST", "/rooms/launch/attachments", form, content_type="multipart/form-data; boundary=b"
    )
    assert response.status_code == 201, response.content
    assert response.json()["name"] == shown
    got = bob.client.get(response.json()["url"])
    assert (got.status_code, got["Content-Disposition"], body(got)) == (200, disposition, b"hello")


def test_the_name_in_the_address_decides_nothing(bob: Seat, closed_room: Room) -> None:
    response = kept(bob.client, b"hello", "hello.txt")
    got = bob.client.get(f"/attachments/{response['id']}/page.html")
    assert got["Content-Disposition"] == 'attachment; filename="hello.txt"'
    assert got["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "content",
    [sample_files.png_with_a_bomb(), sample_files.png_that_claims(30_000, 30_000), sample_files.picture()[:40]],
)
def test_a_hostile_picture_is_refused_and_leaves_nothing(
    bob: Seat, closed_room: Room, media: Path, content: bytes
) -> None:
    assert refusal(upload(bob.client, content, "photo.png")) == (400, "VALIDATION_ERROR")
    assert not Attachment.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []


# --- With a real server ----------------------------------------------------------------------------------------------

UPLOAD_PATH: Final = "/rooms/launch/attachments"


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    with site_builder.running(UVICORN_SQLITE, UPLOAD_BYTES=50_000) as running:
        yield running


def head_of(site: Site, person: Person, *lines: str) -> bytes:
    head = [f"POST {UPLOAD_PATH} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {person.token}", *lines]
    return "\r\n".join([*head, "Content-Type: multipart/form-data; boundary=b", "", ""]).encode()


async def test_a_real_server_responds_before_anything_was_sent(site: Site) -> None:
    (alice,) = site.people.create("alice")
    reader, writer = await asyncio.open_connection("127.0.0.1", site.processes[0].port)
    writer.write(head_of(site, alice, "Content-Length: 500000000"))
    assert b" 413 " in await asyncio.wait_for(reader.readline(), RESPONSE_SECONDS)
    writer.close()


async def test_a_real_server_stops_reading_what_does_not_end(site: Site) -> None:
    (alice,) = site.people.create("alice")
    reader, writer = await asyncio.open_connection("127.0.0.1", site.processes[0].port)
    writer.write(head_of(site, alice, "Transfer-Encoding: chunked"))
    sent = 0
    try:
        async with asyncio.timeout(RESPONSE_SECONDS * 3):
            while not reader.at_eof():  # what the server says may be lost: it closes while we are still talking
                writer.write(b"2710\r\n" + b"a" * 10_000 + b"\r\n")
                await writer.drain()
                sent += 10_000
                await asyncio.sleep(0)
    except ConnectionError:
        pass
    assert sent < 20_000_000
    writer.close()


def test_a_file_goes_through_a_real_server_and_back(site: Site) -> None:
    alice, mallory = site.people.create("alice", "mallory")
    process = site.processes[0]
    room = slug_of(
        submit(process, site.people.sign_in(alice), "/rooms/new", {"kind": "closed", "name": unique("room")})
    )
    content = bytes(range(256)) * 190
    with http(process) as client:
        response = client.post(f"/rooms/{room}/attachments", files={"file": ("a.bin", content)}, headers=bearer(alice))
        assert response.status_code == 201, response.text
        url = response.json()["url"]
        got = client.get(url, headers=bearer(alice))
        assert (got.status_code, got.content) == (200, content)
        assert got.headers["Content-Security-Policy"] == POLICY
        assert client.head(url, headers=bearer(alice)).headers["Content-Length"] == str(len(content))
        assert client.get(url, headers=bearer(mallory)).status_code == 404
        refused = client.post("/rooms/x/attachments", files={"file": ("a", b"a" * 70_000)}, headers=bearer(alice))
        assert refused.status_code == 413
