"""Reports about addresses behind proxies. The kind: one client, spelled in several ways, counted as several; or a spelling
that one of the parsers did not know was an error of the server, or a refusal.
"""

from typing import Final, NamedTuple

PEER: Final = "198.51.100.1"
NO_ADDRESS: Final = "::"


class Spelling(NamedTuple):
    """An entry of X-Forwarded-For, and the address that it stands for; None where it stands for none."""

    written: str
    address: str | None


SPELLINGS: Final = (
    Spelling("203.0.113.9", "203.0.113.9"),
    Spelling("203.0.113.9:5001", "203.0.113.9"),
    Spelling(" 203.0.113.9 ", "203.0.113.9"),
    Spelling("203.0.113.9:", "203.0.113.9"),
    Spelling('"203.0.113.9:5001"', "203.0.113.9"),
    Spelling("[203.0.113.9]", "203.0.113.9"),
    Spelling("::ffff:203.0.113.9", "203.0.113.9"),
    Spelling("[::ffff:203.0.113.9]:443", "203.0.113.9"),
    Spelling("::FFFF:cb00:7109", "203.0.113.9"),
    Spelling("64:ff9b::203.0.113.9", "203.0.113.9"),
    Spelling("[64:ff9b::CB00:7109]:443", "203.0.113.9"),
    Spelling("::ffff:0:203.0.113.9", "203.0.113.9"),
    Spelling("64:ff9b:1::203.0.113.9", "64:ff9b:1::cb00:7109"),
    Spelling("2001:db8::203.0.113.9", "2001:db8::cb00:7109"),
    Spelling("2001:db8::1", "2001:db8::1"),
    Spelling("[2001:db8::1]", "2001:db8::1"),
    Spelling("[2001:db8::1]:4711", "2001:db8::1"),
    Spelling('"[2001:db8::1]:4711"', "2001:db8::1"),
    Spelling("2001:DB8::1", "2001:db8::1"),
    Spelling("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
    Spelling("2001:db8:0:0::1", "2001:db8::1"),
    Spelling("fe80::1%eth0", "fe80::1"),
    Spelling("[fe80::1%25eth0]:80", "fe80::1"),
    Spelling("unknown", None),
    Spelling("_hidden", None),
    Spelling("[]", None),
    Spelling("[", None),
    Spelling("]", None),
    Spelling("[]:80", None),
    Spelling("[2001:db8::1", None),
    Spelling("[2001:db8::1]x", None),
    Spelling("203.0.113.9:80:90", None),
    Spelling("203.0.113.9:http", None),
    Spelling("203.0.113", None),
    Spelling("203.0.113.999", None),
    Spelling("1", None),
    Spelling("٢٠٣.٠.١١٣.٩", None),
    Spelling("host.example", None),
    Spelling("%", None),
    Spelling(":", None),
    Spelling("-", None),
    Spelling("x" * 10_000, None),
    Spelling("[" * 10_000, None),
)


class Chain(NamedTuple):
    """Lines of X-Forwarded-For, how many proxies are ours, and whose address counts."""

    kind: str
    proxies: int
    lines: tuple[str, ...]
    address: str


CHAINS: Final = (
    Chain("no proxy: the header is a claim", 0, ("203.0.113.9",), PEER),
    Chain("no header", 1, (), PEER),
    Chain("an empty header", 2, ("",), PEER),
    Chain("only commas", 1, (" , ,",), PEER),
    Chain("one proxy", 1, ("203.0.113.9",), "203.0.113.9"),
    Chain("one proxy, and what the client claims", 1, ("6.6.6.6, 203.0.113.9:1",), "203.0.113.9"),
    Chain("claims on a line of their own", 1, ("6.6.6.6", "203.0.113.9"), "203.0.113.9"),
    Chain("two proxies", 2, ("6.6.6.6, 203.0.113.9, 10.0.0.1",), "203.0.113.9"),
    Chain("fewer hops than proxies", 3, ("203.0.113.9",), "203.0.113.9"),
    Chain("fewer hops than proxies, with ports", 3, ("203.0.113.9:80, 10.0.0.1:80",), "203.0.113.9"),
    Chain("unknown, seen by the next proxy", 2, ("6.6.6.6, unknown, 10.0.0.1",), "10.0.0.1"),
    Chain("unknown, and no other", 1, ("6.6.6.6, unknown",), PEER),
    Chain("nothing but nonsense", 3, ("[, ], unknown",), PEER),
    Chain("a negative number of proxies", -1, ("6.6.6.6",), PEER),
)

# Addresses that count as one client, and groups that do not count as one another.
CLIENTS: Final = (
    ("203.0.113.9", "203.0.113.9:5001", "::ffff:203.0.113.9", "[::ffff:203.0.113.9]:1", "::ffff:cb00:7109"),
    ("203.0.113.10", "64:ff9b::203.0.113.10"),
    ("2001:db8::1", "2001:db8::2", "2001:DB8:0:0:ffff::9", "[2001:db8::5]:99", "2001:0db8::"),
    ("2001:db8:0:1::1", "2001:db8:0:1:8000::"),
    ("fe80::1", "fe80::2%eth1"),
)
