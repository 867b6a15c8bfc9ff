"""The process that runs a reply dies, freezes or is stopped: interrupted everywhere, the text kept, continued elsewhere."""

import time
from collections.abc import Iterator

import pytest

from chat import markdown
from fake_claude import FakeClaude, Normal, Slow
from tests.hostile_texts import GRAMMARS, SWELLING
from tests.servers.events import assert_gapless
from tests.servers.server_process import ServerProcess
from tests.servers.sessions import end_of, make_session, site_with_claude, streamed, until, words_of
from tests.servers.sites import CLUSTER, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.stopwatch import stopwatch
from tests.servers.tabs import Tabs

LONG = "word " * 4000
PAUSE_SECONDS = 0.01
TOLD_WITHIN_SECONDS = 10
LOST_MS_AT_MOST = 500


@pytest.fixture
def cluster(site_builder: SiteBuilder) -> Iterator[tuple[Site, FakeClaude]]:
    with site_with_claude(site_builder, CLUSTER, REPLIES_IN_WEB="1") as running:
        yield running


def runner_of(site: Site) -> ServerProcess:
    """Return the process that has started the newest reply."""
    return next(process for process in site.processes if "reply.started" in process.log_text(0))


async def begin(
    site: Site, fake: FakeClaude, tabs: Tabs, text: str = LONG
) -> tuple[str, str, ServerProcess, SocketClient, SocketClient]:
    """Begin a long reply; return the session, its message, who runs it, a tab there and a tab on the other process."""
    fake.default = Slow(text, pause_s=PAUSE_SECONDS)
    alice, bob = site.people.create("alice", "bob")
    session = await make_session(tabs, alice, bob)
    everywhere = [
        await tabs.in_room(person, session, process=process)
        for person, process in zip((alice, bob), site.processes, strict=True)
    ]
    asked = await everywhere[0].request("execute", session=session, prompt="a long one")
    reply = str(asked["reply"]["id"])
    for tab in everywhere:
        await words_of(tab, reply, 30)
    victim = runner_of(site)
    at = site.processes.index(victim)
    return session, reply, victim, everywhere[at], everywhere[1 - at]


def lost_ms(tab: SocketClient, reply: str, kept: str) -> int:
    """Return how long the process had been saying what is gone, by the server's own clock."""
    deltas = [f for f in tab.frames if f["type"] == "stream_delta" and f["data"]["messageId"] == reply]
    length, times = 0, []
    for delta in deltas:
        length += len(delta["data"]["text"])
        if length > len(kept):
            times.append(delta["timestamp"])
    return int(times[-1] - times[0]) if times else 0


async def test_a_killed_runner_is_noticed_and_another_process_finishes(cluster: tuple[Site, FakeClaude]) -> None:
    site, fake = cluster
    tabs = Tabs(site)
    session, reply, victim, there, elsewhere = await begin(site, fake, tabs)
    (carol,) = site.people.create("carol")
    alices = there if victim is site.processes[0] else elsewhere
    await alices.request("add_member", room=session, user=carol.username)
    survivor = next(process for process in site.processes if process is not victim)
    others = [await tabs.in_room(carol, session, process=survivor) for _ in range(2)]
    victim.kill()
    killed_at = time.monotonic()
    ends = [await end_of(tab, reply, TOLD_WITHIN_SECONDS + 2) for tab in (elsewhere, *others)]
    assert time.monotonic() - killed_at < TOLD_WITHIN_SECONDS
    interrupted = ends[0]
    assert ends == [interrupted] * 3 and interrupted["reply"]["state"] == "interrupted"
    heard = streamed(elsewhere, reply)
    kept = interrupted["content"]
    assert heard.startswith(kept) and lost_ms(elsewhere, reply, kept) <= LOST_MS_AT_MOST
    assert_gapless(elsewhere, session)
    fake.default = Normal("THE END")
    await elsewhere.request("continue_reply", message=reply)
    for tab in (elsewhere, *others):
        whole = await end_of(tab, reply)
        assert whole["content"] == kept + "THE END"
        assert (whole["reply"]["state"], whole["reply"]["attempt"], whole["reply"]["versions"]) == ("complete", 2, 1)
    bill = site.people.bill(reply)
    assert [(line["attempt"], line["state"]) for line in bill] == [(1, "settled"), (2, "settled")]
    costs = [line["cost_microusd"] for line in bill]
    assert min(costs) > 0 and whole["reply"]["cost"] == sum(costs)
    counters = {name: spent for name, (_, spent) in site.people.tell("counters").items()}
    assert counters["all ever"] == sum(costs), "each attempt counts once"
    # Each for who asked for it: which of the two continues depends on which process ran the reply.
    persons = [spent for name, spent in counters.items() if name.startswith("user")]
    assert sum(persons) == 2 * sum(costs), "of each person in a day and a month"
    victim.start()
    await tabs.close_all()


async def test_a_frozen_runner_that_wakes_up_changes_nothing(cluster: tuple[Site, FakeClaude]) -> None:
    site, fake = cluster
    tabs = Tabs(site)
    _session, reply, victim, there, elsewhere = await begin(site, fake, tabs)
    victim.freeze()
    interrupted = await end_of(elsewhere, reply, TOLD_WITHIN_SECONDS + 2)
    fake.default = Normal("THE END")
    await elsewhere.request("continue_reply", message=reply)
    whole = await end_of(elsewhere, reply)
    assert whole["content"] == interrupted["content"] + "THE END"
    victim.thaw()
    ended = await end_of(there, reply, 20)
    while ended["reply"]["state"] != "complete":
        ended = await end_of(there, reply, 20)
    assert ended["content"] == whole["content"]
    rows = {str(row["id"]): row["content"] for row in site.people.messages(_session)}
    assert rows[reply] == whole["content"]
    await tabs.close_all()


async def test_what_a_frozen_runner_used_before_it_noticed_is_paid_for(cluster: tuple[Site, FakeClaude]) -> None:
    site, fake = cluster
    tabs = Tabs(site)
    _session, reply, victim, _there, elsewhere = await begin(site, fake, tabs)
    victim.freeze()
    interrupted = await end_of(elsewhere, reply, TOLD_WITHIN_SECONDS + 2)
    settled = site.people.bill(reply)
    victim.thaw()
    await until(lambda: len(site.people.bill(reply)) > 1, "the runner told what it had used")
    first, late = site.people.bill(reply)
    assert [first] == settled and (late["attempt"], late["purpose"], late["state"]) == (1, "late", "settled")
    assert first["cost_microusd"] == interrupted["reply"]["cost"] > 0
    # It was billed for its question already; what came later is words.
    assert late["input_tokens"] == 0 < late["output_tokens"] and late["cost_microusd"] > 0
    assert site.people.tell("counters")["all ever"] == [0, first["cost_microusd"] + late["cost_microusd"]]
    await tabs.close_all()


async def test_a_stop_from_the_other_process_closes_the_upstream(cluster: tuple[Site, FakeClaude]) -> None:
    site, fake = cluster
    tabs = Tabs(site)
    _session, reply, _victim, there, elsewhere = await begin(site, fake, tabs)
    upstream = fake.requests[-1]
    with stopwatch() as watch:
        assert (await elsewhere.request("stop_reply", message=reply))["state"] == "stopped"
        await until(lambda: upstream.closed_at is not None, "the fake saw its client go")
    assert upstream.closed_at is not None and watch.at(upstream.closed_at) < 1
    ends = [await end_of(tab, reply) for tab in (there, elsewhere)]
    assert ends[0]["content"] == ends[1]["content"] == streamed(there, reply) == streamed(elsewhere, reply)
    await tabs.close_all()


async def test_a_runner_that_is_told_to_end_keeps_its_text(cluster: tuple[Site, FakeClaude]) -> None:
    site, fake = cluster
    tabs = Tabs(site)
    _session, reply, victim, _there, elsewhere = await begin(site, fake, tabs)
    victim.stop()
    ended = await end_of(elsewhere, reply, 5)
    assert ended["reply"]["state"] == "interrupted"
    assert ended["content"] == streamed(elsewhere, reply)
    victim.start()
    await tabs.close_all()


async def test_a_hostile_reply_ends_as_any_other_whether_or_not_its_process_dies(
    cluster: tuple[Site, FakeClaude],
) -> None:
    """The sweep of each process once formatted such a text on a database thread, where it never ended."""
    site, fake = cluster
    tabs = Tabs(site)
    hostile = "\n".join(GRAMMARS[name] for name in ("a comment in mcschema", "lines in autohotkey")) + "\n\n"
    session, reply, victim, _there, elsewhere = await begin(site, fake, tabs, hostile + LONG)
    victim.kill()
    interrupted = await end_of(elsewhere, reply, TOLD_WITHIN_SECONDS + 2)
    assert interrupted["reply"]["state"] == "interrupted" and interrupted["content"].startswith(hostile)
    fake.default = Normal(hostile + "THE END")
    await elsewhere.request("retry_reply", message=reply)
    ended = await end_of(elsewhere, reply)
    assert ended["reply"]["state"] == "complete"
    assert "html" not in ended, "the page formats what has streamed, as the server does"
    (stored,) = [row for row in site.people.messages(session) if str(row["id"]) == reply]
    assert stored["content"] == hostile + "THE END"
    page = await elsewhere.request("get_messages", room=session)
    (shown,) = [row for row in page["messages"] if row["id"] == reply]
    assert shown["html"].startswith("<pre>") and shown["html"].endswith("<p>THE END</p>\n")
    # What the server does not format, the page must not format either.
    fake.default = Normal(SWELLING["addresses"])
    await elsewhere.request("retry_reply", message=reply)
    ended = await end_of(elsewhere, reply)
    assert ended["html"] == markdown.as_written(SWELLING["addresses"])
    victim.start()
    await tabs.close_all()
