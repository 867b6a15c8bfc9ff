"""In every order of wishes, steps, failures and losses, what the layer holds ends equal to what is wanted.

Not a sample: every state that any sequence of events can reach is visited, however long the sequence.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

import pytest

from chat.realtime.layer.subscriptions import ADD, Step, Wishes

_STEPS_AT_MOST: Final = 20


class PlainLayer(NamedTuple):
    """A layer whose calls take effect or do not. When it is lost it may have forgotten everything."""

    held: frozenset[str] = frozenset()
    points: int = 2  # where a call may fail: before its effect, or after it

    def hears(self) -> set[str]:
        return set(self.held)

    def called(self, call: str, group: str, fails_at: int | None) -> Self:
        if fails_at == 0:
            return self
        return self._replace(held=self.held | {group} if call == ADD else self.held - {group})

    def lost(self) -> "Iterator[Self]":
        yield self
        yield self._replace(held=frozenset())


class PubSubLayer(NamedTuple):
    """Channels' Redis pub/sub layer: its own notes, the connection's, and what Redis has really noted.

    Each call looks into the notes first and does nothing when they say that it is done. A call that fails, or is
    cancelled, leaves the three different from each other.
    """

    groups: frozenset[str] = frozenset()
    noted: frozenset[str] = frozenset()
    redis: frozenset[str] = frozenset()
    points: int = 3  # at once; with the group noted; with Redis told

    def hears(self) -> set[str]:
        return set(self.groups & self.redis)

    def called(self, call: str, group: str, fails_at: int | None) -> Self:
        one = frozenset({group})
        if fails_at == 0 or (call != ADD and group not in self.groups):
            return self
        after = self._replace(groups=self.groups | one if call == ADD else self.groups - one)
        if fails_at == 1 or (group in self.noted) == (call == ADD):
            return after
        after = after._replace(redis=self.redis | one if call == ADD else self.redis - one)
        if fails_at == 2:
            return after
        return after._replace(noted=self.noted | one if call == ADD else self.noted - one)

    def lost(self) -> "Iterator[Self]":
        """It connects again on its own and subscribes what it has noted."""
        yield self
        yield self._replace(redis=self.noted)


Layer = PlainLayer | PubSubLayer


class World(NamedTuple):
    wishes: Wishes
    layer: Layer
    step: Step | None = None
    at: int = 0  # which of the step's calls is on its way

    def key(self) -> tuple[object, ...]:
        """Two worlds with one key have the same future: of the losses, only those since the step's beginning count."""
        wishes = self.wishes
        facts = {name: value for name, value in vars(wishes).items() if name != "_losses"}
        state = tuple(tuple(sorted(value)) if isinstance(value, set) else tuple(value) for value in facts.values())
        step = None if self.step is None else (*self.step[:2], self.step.losses == wishes._losses)
        return state, self.layer, step, self.at

    def copy(self) -> Self:
        wishes = Wishes()
        for name, value in vars(self.wishes).items():
            setattr(wishes, name, value if isinstance(value, int) else value.copy())
        return self._replace(wishes=wishes)


def futures(world: World, groups: tuple[str, ...]) -> Iterator[tuple[str, World]]:
    """Yield everything that can happen next, and the world after it."""
    for group in groups:
        for act in ("want", "unwant"):
            after = world.copy()
            getattr(after.wishes, act)(group)
            yield f"{act} {group}", after
    for layer in world.layer.lost():
        after = world.copy()
        after.wishes.lost()
        yield f"lost, and now {layer}", after._replace(layer=layer)
    if world.step is None:
        after = world.copy()
        step = after.wishes.next()
        if step is not None:
            yield f"begin {step.calls} of {step.group}", after._replace(step=step, at=0)
        return
    for fails_at in (None, *range(world.layer.points)):
        yield f"call {world.at} fails at {fails_at}", called(world.copy(), fails_at)
    # Its effect may be lost again before the call has returned.
    done = called(world.copy(), None)
    for layer in done.layer.lost():
        after = world.copy()
        after.wishes.lost()
        yield f"call {world.at} succeeds, is lost, and now {layer}", called(after, None)._replace(layer=layer)


def called(world: World, fails_at: int | None) -> World:
    step = world.step
    assert step is not None
    layer = world.layer.called(step.calls[world.at], step.group, fails_at)
    if fails_at is not None:
        world.wishes.failed(step)
    elif world.at + 1 < len(step.calls):
        return world._replace(layer=layer, at=world.at + 1)
    else:
        world.wishes.done(step)
    return world._replace(layer=layer, step=None, at=0)


def at_rest(world: World) -> World:
    """Let everything that is begun or due succeed."""
    world = world.copy()
    for _ in range(_STEPS_AT_MOST):
        if world.step is None:
            step = world.wishes.next()
            if step is None:
                return world
            world = world._replace(step=step, at=0)
        world = called(world, None)
    raise AssertionError("it never comes to rest")


@pytest.mark.parametrize("layer", [PlainLayer(), PubSubLayer()], ids=["plain", "pub/sub"])
@pytest.mark.parametrize("groups", [("a",), ("a", "b")], ids=["one group", "two groups"])
def test_whatever_happens_in_whatever_order_the_layer_holds_what_is_wanted_in_the_end(
    layer: Layer, groups: tuple[str, ...]
) -> None:
    start = World(Wishes(), layer)
    how: dict[tuple[object, ...], tuple[str, ...]] = {start.key(): ()}
    waiting = deque([start])
    while waiting:
        world = waiting.popleft()
        path = how[world.key()]
        rest = at_rest(world)
        assert rest.layer.hears() == rest.wishes.wanted == rest.wishes.held, path
        assert rest.wishes.is_settled
        for what, after in futures(world, groups):
            if after.key() not in how:
                how[after.key()] = (*path, what)
                waiting.append(after)
    assert len(how) > 20, "there were hardly any states: the events do not happen"
