"""The open connections of this process: by id, by user, by address."""

from collections import Counter
from collections.abc import Iterator

from accounts.client_address import network_of
from chat.realtime.connection import Connection


class Registry:
    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}
        self._by_user: dict[int, set[Connection]] = {}
        self._by_network: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_id.values()))

    def add(self, connection: Connection) -> None:
        self._by_id[connection.id] = connection
        self._by_user.setdefault(connection.user_id, set()).add(connection)
        self._by_network[network_of(connection.address)] += 1

    def remove(self, connection: Connection) -> None:
        if self._by_id.pop(connection.id, None) is None:
            return
        mine = self._by_user[connection.user_id]
        mine.discard(connection)
        if not mine:
            del self._by_user[connection.user_id]
        network = network_of(connection.address)
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def get(self, connection_id: str) -> Connection | None:
        return self._by_id.get(connection_id)

    def of_user(self, user_id: int) -> list[Connection]:
        return list(self._by_user.get(user_id, ()))

    def count_at(self, address: str) -> int:
        return self._by_network.get(network_of(address), 0)
