"""What says "Today", or a time, is true while the page stays open. The cases: tests/reports/days.py."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat_cast import Cast, message, say
from tests.reports.days import TURNS, Turn

MINUTE = timedelta(minutes=1)


def day_label(at: datetime, now: datetime) -> str:
    days = (now.date() - at.date()).days
    if days in (0, 1):
        return ["Today", "Yesterday"][days]
    if 1 < days <= 6:
        return f"{at:%A}"
    return f"{at:%B} {at.day}" if at.year == now.year else f"{at:%B} {at.day}, {at.year}"


def clock_label(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"


def midnight_after(now: datetime, zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(zone)) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def be_idle(page: Page) -> None:
    """Wait until the page has asked for its time zone: it does so when nothing else is to be done."""
    page.evaluate("new Promise((done) => requestIdleCallback(done, { timeout: 1_000 }))")


class Clock:
    """A page's clock and time zone."""

    def __init__(self, context: BrowserContext, path: str, now: datetime, zone: str) -> None:
        self.page, self.now, self.zone = context.new_page(), now, ""
        self._devtools = context.new_cdp_session(self.page)
        self.page.clock.install(time=now)
        self.move(zone)
        self.page.goto(path)
        expect(self.page.locator("time").first).to_be_visible()
        be_idle(self.page)

    def move(self, zone: str) -> None:
        self.zone = zone
        self._devtools.send("Emulation.setTimezoneOverride", {"timezoneId": zone})

    def turn(self, case: Turn) -> None:
        """Let the day or the zone change."""
        if case.how == "zone":
            self.move(case.then)
            return self.page.evaluate("dispatchEvent(new Event('focus'))")
        before, self.now = self.now, midnight_after(self.now, case.then) + MINUTE
        if case.how == "midnight":
            return self.page.clock.fast_forward(int((self.now - before).total_seconds() * 1000))
        self.page.clock.set_system_time(self.now)
        return self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def check(self) -> None:
        page, local = self.page, self.now.astimezone(ZoneInfo(self.zone))
        at = created(page, self.zone)
        told = page.locator("time[data-time], .message-time time").last
        if page.locator("#room").count():
            expect(page.locator(".day-line")).to_have_text(re.compile(re.escape(day_label(at, local))))
            expect(told).to_have_text(clock_label(at))
            expect(page.get_by_test_id("message")).to_have_attribute("aria-label", re.compile(clock_label(at)))
        else:
            expect(told).to_have_text(re.compile(f"{clock_label(at)}$"))
            expect(told).to_have_text(re.compile("^[0-9]" if at.date() == local.date() else day_label(at, local)))
        expect(told).to_have_attribute("title", re.compile(re.escape(clock_label(at))))


@pytest.mark.parametrize("case", TURNS, ids=lambda case: f"{case.zone}-{case.how}-{case.why}")
def test_days_and_times_are_told_again(someone: Cast, case: Turn) -> None:
    alice = someone("alice")
    room = alice.create_room()
    first = alice.room(room)
    say(first, "findable words")
    expect(message(first, "findable words")).to_have_attribute("data-state", "stored")
    now = datetime.now(UTC) + timedelta(hours=case.hours) + MINUTE
    context = alice.context(locale="en-US")
    for path in (f"/rooms/{room}/", f"/search?q=findable&room={room}"):
        clock = Clock(context, path, now, case.zone)
        clock.check()
        clock.turn(case)
        clock.check()


def created(page: Page, zone: str) -> datetime:
    """Return when the message on a page was written."""
    stamp = page.locator("time[datetime]").last.get_attribute("datetime")
    assert stamp
    return datetime.fromisoformat(stamp).astimezone(ZoneInfo(zone))


def test_the_focus_and_an_open_editor_survive_midnight(someone: Cast) -> None:
    alice = someone("alice")
    room = alice.create_room()
    first = alice.room(room)
    say(first, "the message")
    expect(message(first, "the message")).to_have_attribute("data-state", "stored")
    now = datetime.now(UTC) + MINUTE
    page = Clock(alice.context(locale="en-US"), f"/rooms/{room}/", now, "UTC").page
    page.get_by_test_id("composer").press("ArrowUp")
    editor = page.get_by_test_id("edit-input")
    editor.fill("half a change")
    page.clock.fast_forward(int((midnight_after(now, "UTC") + MINUTE - now).total_seconds() * 1000))
    expect(page.locator(".day-line")).to_have_text("Yesterday")
    expect(editor).to_have_value("half a change")
    expect(editor).to_be_focused()


def test_the_usage_of_today_is_that_of_the_new_day(someone: Cast) -> None:
    alice = someone("alice")
    now = datetime.now(UTC)
    page = alice.context(timezone_id="America/Caracas").new_page()
    page.clock.install(time=now)
    page.goto("/usage")
    page.evaluate("window.before = true")
    be_idle(page)
    page.clock.fast_forward(int((midnight_after(now, "UTC") + MINUTE - now).total_seconds() * 1000))
    page.wait_for_function("() => !window.before")
