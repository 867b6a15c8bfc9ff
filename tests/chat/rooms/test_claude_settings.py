"""Claude's settings of a room: one declaration is the request, the row, the presenter, the pages' form and the admin's."""

from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.access import Actor
from chat.models import Room
from chat.models.room import CLAUDE_COLUMNS
from chat.pages.claude_fields import fields_of
from chat.pages.forms import ClaudeForm
from chat.presenter import present_claude_settings
from chat.protocol import requests
from chat.protocol.errors import ProtocolError
from chat.protocol.room_settings import SETTINGS, ClaudeOptions
from chat.rooms import rooms
from tests.chat.fixtures import room_of
from tests.reports.web_lookups import DOMAINS

CHOSEN: Final[dict[str, Any]] = {
    "model": "claude-haiku-5-5",
    "instructions": "Be brief.",
    "everyMessage": False,
    "tools": ["list_members"],
    "effort": "low",
    "thinking": "off",
    "webSearch": True,
    "webFetch": True,
    "webDomains": ["example.org", "xn--bcher-kva.example"],
    "webBlockedDomains": ["example.com"],
    "webUses": 10,
}
"""Another value than the one that a new room has, for each setting."""

DOMAIN_LISTS: Final = ("webDomains", "webBlockedDomains")

pytestmark = pytest.mark.django_db

each_setting = pytest.mark.parametrize("name", SETTINGS)


@pytest.fixture
def den(alice: User) -> Room:
    return room_of(alice, "den", "session")


@each_setting
def test_a_request_changes_it_and_nothing_else(den: Room, alice: User, name: str, settings: Any) -> None:
    settings.CLAUDE_BACKEND = "api"
    before = den.claude_settings
    rooms.update_room(Actor.of(alice), requests.UpdateRoom("den", claude=ClaudeOptions(**{name: CHOSEN[name]})))
    den = Room.objects.get()
    assert den.claude_settings == before | {name: CHOSEN[name]} != before
    assert getattr(present_claude_settings(den), name) == CHOSEN[name]


@each_setting
def test_its_form_offers_it_and_shows_what_was_chosen(den: Room, name: str) -> None:
    setattr(den, CLAUDE_COLUMNS[name], CHOSEN[name])
    form = ClaudeForm(None, den)
    (row,) = [row for row in form.rows if row["field"].label == SETTINGS[name].label]
    shown = "\n".join(CHOSEN[name]) if name in DOMAIN_LISTS else CHOSEN[name]
    assert row["field"].value() == shown
    sent = ClaudeForm({f"claude-{field}": value for field, value in form.initial.items() if value}, den)
    assert sent.is_valid() and sent.asked == den.claude_settings


@each_setting
def test_operators_change_it_in_the_admin_site(den: Room, as_ruth: Client, name: str) -> None:
    page = reverse("admin:chat_room_change", args=[den.pk])
    context = as_ruth.get(page).context
    form = context["adminform"].form
    assert form.fields[CLAUDE_COLUMNS[name]].label == SETTINGS[name].label
    typed = "\n".join(CHOSEN[name]) if name in DOMAIN_LISTS else CHOSEN[name]
    data = {field: form.initial.get(field) for field in form.fields} | {CLAUDE_COLUMNS[name]: typed}
    for inline in context["inline_admin_formsets"]:
        for each in (inline.formset.management_form, *inline.formset.forms):
            data |= {bound.html_name: bound.value() for bound in each if not bound.field.disabled}
    before = den.claude_settings
    response = as_ruth.post(
        page, {field: "" if value is None else value for field, value in data.items() if value is not False}
    )
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert Room.objects.get().claude_settings == before | {name: CHOSEN[name]}


@pytest.mark.parametrize(("written", "kept"), DOMAINS)
def test_domains_are_kept_in_one_form_or_refused_by_name(
    den: Room, alice: User, written: str, kept: str | None
) -> None:
    update = requests.UpdateRoom("den", claude=ClaudeOptions(webDomains=["a.example", written, " "]))
    if kept is None:
        with pytest.raises(ProtocolError, match=f"^{SETTINGS['webDomains'].label}: .* isn't a domain"):
            rooms.update_room(Actor.of(alice), update)
    else:
        rooms.update_room(Actor.of(alice), update)
    assert Room.objects.get().claude_web_domains == ([] if kept is None else ["a.example", kept])


def test_both_lists_of_domains_together_are_refused(den: Room, alice: User, as_ruth: Client) -> None:
    Room.objects.update(claude_web_domains=["a.example"])
    both = ClaudeOptions(webBlockedDomains=["b.example"])
    with pytest.raises(ProtocolError, match=r"Only these sites.*Never these sites.*can't be used together"):
        rooms.update_room(Actor.of(alice), requests.UpdateRoom("den", claude=both))
    swap = ClaudeOptions(webDomains=[], webBlockedDomains=["b.example"])
    rooms.update_room(Actor.of(alice), requests.UpdateRoom("den", claude=swap))
    assert Room.objects.get().claude_web_blocked_domains == ["b.example"]


def test_outside_sessions_what_only_sessions_have_is_not_offered(alice: User) -> None:
    lounge = room_of(alice, "lounge")
    only = {name for name, setting in SETTINGS.items() if setting.in_sessions_only}
    assert set(SETTINGS) - set(fields_of(lounge)) == only != set()
