"""Chromium, and one person's page in it: what they do, and what the browser counts of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.browser.trace import CATEGORIES, Trace
from tests.chromium import ARGUMENTS, whole_executable

_PATIENCE_MS: Final = 60_000
_WIDTH, _HEIGHT = 1280, 800
# Of the window, with all that is around a page. In a lower one the composer would lie outside: the browser would draw no
# frame for what is typed there, and the keys would be counted as shown with the next frame that something else is in.
_WINDOW_HEIGHT: Final = 1000
_KEY_EVERY_SECONDS: Final = 0.09
# The draft is saved in such a pause, and what others have written meanwhile is read.
_PAUSE_AFTER_KEYS: Final = 50
_PAUSE_SECONDS: Final = 0.6
# A new window is busy with pages of its own, its address bar is one: that is not what is measured.
_WINDOW_SECONDS: Final = 2.0
_WHEEL_PX: Final = 1_500
_WHEEL_EVERY_SECONDS: Final = 0.03
_SETTLE_SECONDS: Final = 0.5
_SCROLL_SECONDS: Final = 240

# Notes at which time after the navigation the first message stood in a frame.
_WATCH: Final = """
const note = () => { window.shownAfter = performance.now(); };
const look = () => requestAnimationFrame(document.querySelector('[data-testid="message"]') ? note : look);
look();
"""
_PLACE: Final = """() => {
  const { scrollTop, scrollHeight, clientHeight } = document.querySelector(".timeline");
  const rows = document.querySelectorAll(".rows > .row");
  const seq = rows[0]?.querySelector("[data-seq]")?.dataset.seq ?? "0";
  return [scrollTop, scrollHeight - scrollTop - clientHeight, Number(seq), rows.length];
}"""


class Load(NamedTuple):
    """A page that was opened. shown_ms: from the navigation to the first frame with messages.

    bytes: of the HTTP responses with their heads as they came over the wire, and of the socket's frames up to then.
    """

    shown_ms: float
    bytes: int
    requests: int


class Size(NamedTuple):
    """What a page holds after a garbage collection. nodes: of all documents, detached ones too; rows: in the timeline."""

    nodes: int
    rows: int
    heap_mb: float


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser on the cores of the thread that starts it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=whole_executable(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, origin: str, session_key: str) -> Iterator[BrowserContext]:
    """Return a browser without a cache in which this person is signed in."""
    context = browser.new_context(base_url=origin, viewport={"width": _WIDTH, "height": _HEIGHT})
    context.add_cookies([{"name": "sessionid", "value": session_key, "url": origin}])
    context.set_default_timeout(_PATIENCE_MS)
    context.add_init_script(_WATCH)
    yield context
    context.close()


class RoomTab:
    """One tab in one room. Errors of the page are collected in `complaints`."""

    def __init__(self, browser: Browser, context: BrowserContext, origin: str, room: str) -> None:
        self._browser = browser
        self._origin = origin
        self._room = room
        self.page: Page = context.new_page()
        self._devtools = context.new_cdp_session(self.page)
        self._devtools.send("Performance.enable")
        window = self._devtools.send("Browser.getWindowForTarget")["windowId"]
        bounds = {"width": _WIDTH, "height": _WINDOW_HEIGHT}
        self._devtools.send("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.wait(_WINDOW_SECONDS)

    def open(self) -> Load:
        """Open the room and wait until it is live."""
        received: list[int] = []
        self._devtools.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
        frames: list[int] = []
        self._devtools.on(
            "Network.webSocketFrameReceived",
            lambda event: frames.append(len(event["response"]["payloadData"].encode())),
        )
        self._devtools.send("Network.enable")
        self.page.goto(f"/rooms/{self._room}/", wait_until="load")
        self.page.wait_for_selector('html[data-connection="connected"]')
        self.page.wait_for_function("window.shownAfter !== undefined")
        self.wait(_SETTLE_SECONDS)
        self._devtools.send("Network.disable")
        shown = float(self.page.evaluate("window.shownAfter"))
        return Load(shown, sum(received) + sum(frames), sum(1 for size in received if size))

    @contextmanager
    def traced(self, found: Callable[[Trace], None]) -> Iterator[None]:
        """Trace the block, and hand over what was recorded."""
        self._browser.start_tracing(page=self.page, categories=[*CATEGORIES])
        try:
            yield
        finally:
            data = self._browser.stop_tracing()
        found(Trace(data, self._origin))

    def type(self, text: str, goes_on: Callable[[], bool]) -> None:
        """Type into the composer as fast as people do, with pauses, until the text is there or `goes_on` says no."""
        composer = self.page.get_by_test_id("composer")
        composer.focus()
        due, count = time.monotonic(), 0
        while count < len(text) and goes_on():
            self.page.keyboard.press(text[count])
            count += 1
            due += _KEY_EVERY_SECONDS + (_PAUSE_SECONDS if count % _PAUSE_AFTER_KEYS == 0 else 0)
            self.wait(max(0.0, due - time.monotonic()))
        if composer.input_value() != text[:count]:
            raise RuntimeError("what was typed is not what stands in the composer")

    def clear(self) -> None:
        self.page.get_by_test_id("composer").fill("")
        self.wait(_SETTLE_SECONDS)

    def wait(self, seconds: float) -> None:
        """Wait, and let Playwright hear what the page says meanwhile."""
        self.page.wait_for_timeout(seconds * 1000)

    def close(self) -> None:
        self.page.close()

    def scroll_to_start(self, first_seq: int) -> float:
        """Turn the wheel until the room's first message is in the page; return the seconds that it took."""
        began = time.monotonic()
        self.page.mouse.move(_WIDTH / 2, _HEIGHT / 2)
        while True:
            top, _below, seq, _rows = self.page.evaluate(_PLACE)
            if seq <= first_seq and top < 1:
                return time.monotonic() - began
            if time.monotonic() - began > _SCROLL_SECONDS:
                raise RuntimeError(f"the room's beginning did not come in {_SCROLL_SECONDS} s: {seq} is the first row")
            for _turn in range(5):
                self.page.mouse.wheel(0, -_WHEEL_PX)
                self.wait(_WHEEL_EVERY_SECONDS)

    def size(self) -> Size:
        self._devtools.send("HeapProfiler.collectGarbage")
        metrics = {
            metric["name"]: metric["value"] for metric in self._devtools.send("Performance.getMetrics")["metrics"]
        }
        _top, _below, _seq, rows = self.page.evaluate(_PLACE)
        return Size(int(metrics["Nodes"]), int(rows), metrics["JSHeapUsedSize"] / 2**20)
