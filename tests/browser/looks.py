"""What can be wrong with the looks of a page, found by a program: faults of accessibility, and sideways scrolling."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (390, 820, 1440)
# A colour on its way from one theme to the other has a contrast that no one is left with.
_AT_REST = """() => document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
  .forEach((each) => each.finish())"""


def faults(page: Page) -> list[str]:
    """Return each rule of accessibility that the page breaks once it rests, with the element that does."""
    page.evaluate(_AT_REST)
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


def sideways(page: Page) -> list[str]:
    """Return what scrolls sideways: the page itself, or its main part."""
    found = []
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("the page")
    if page.locator("main").evaluate("element => element.scrollWidth > element.clientWidth"):
        found.append("main")
    return found


def problems(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page that is open, in both themes and at every width. Each begins with the name."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{name}, {scheme}: {fault}" for fault in faults(page)]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{name} at {width}: {what} scrolls" for what in sideways(page)]
    return found
