"""Ctrl+K: what is typed, names in the order in which they fit, and names that must not be offered at all."""

from typing import NamedTuple


class Jump(NamedTuple):
    typed: str
    best_first: tuple[str, ...]
    never: tuple[str, ...]
    why: str


JUMPS = (
    Jump(
        "carol",
        ("Carol", "Carol's birthday", "Anna Carol"),
        ("Project Ωmega", "Chat room about old logs"),
        "the example",
    ),
    Jump("gard", ("Garden plans", "North garden", "Asgard"), ("General", "Agenda"), "beginning, word, inside"),
    Jump("ops", ("ops", "ops-night", "dev-ops", "Laptops"), ("Old steps, pictures",), "exact before longer names"),
    Jump("DEV", ("dev", "devices"), (), "case of the query"),
    Jump("straße", ("Straße", "Strasse 12"), (), "two ways to write one letter"),
    Jump("STRASSE", ("straße", "Straßenfest"), (), "capitals without a letter of their own"),
    Jump("ubersee", ("Übersee", "Überseehafen"), (), "typed without accents"),
    Jump("Übersee", ("Ubersee",), (), "typed with accents that the name hasn't"),
    Jump("ωmega", ("Ωmega", "Project Ωmega"), ("Omega",), "Greek capitals"),
    Jump("οδοσ", ("ΟΔΟΣ",), (), "final sigma"),
    Jump("istanbul", ("İstanbul", "Team Istanbul"), (), "a dotted capital I"),
    Jump("計画", ("計画", "計画2027", "年間計画"), ("画計",), "words without spaces"),
    Jump("ｄｅｖ", ("dev",), (), "full width"),
    Jump("हिन्दी", ("हिन्दी", "हिन्दी कक्षा"), ("हन्द",), "vowel signs are letters"),
    Jump("иванов", ("Иванов", "Пётр Иванов"), ("Ива",), "Cyrillic"),
    Jump("moreau alice", ("Alice Moreau",), ("Alice Martin",), "words in another order"),
    Jump("@carol", ("carol", "carolina"), (), "as a mention"),
    Jump("#ops", ("ops",), (), "as a channel elsewhere"),
    Jump("rln", ("Release notes",), ("Early notes",), "letters in order, from the beginning of a word"),
    Jump("c++", ("C++", "C++ 26"), ("Cake",), "signs"),
)
