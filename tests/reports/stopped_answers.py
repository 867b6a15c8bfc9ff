"""A stopped answer is booked with about the tokens that its words cost, in whatever script they are.

Report 20: stopped replies in Japanese were booked at a quarter of their tokens. Tokens by the letter are those of current
tokenizers, roughly.
"""

from typing import Final, NamedTuple


class Case(NamedTuple):
    """least, most: tokens for each character."""

    kind: str
    words: str
    least: float
    most: float

    def __str__(self) -> str:
        return self.kind


CASES: Final = (
    Case("English", "Once upon a time there was a room in which all people heard the same words. ", 0.2, 0.35),
    Case("German", "Es war einmal ein großes Zimmer, in dem alle dieselben Wörter hörten. ", 0.2, 0.45),
    Case("Japanese", "むかしむかし、みんなが同じ言葉を聞く部屋がありました。", 0.8, 1.6),
    Case("Chinese", "从前有一个房间，所有人都听到同样的话。", 0.8, 1.6),
    Case("Korean", "옛날에 모두가 같은 말을 듣는 방이 있었습니다. ", 0.6, 1.5),
    Case("Russian", "Жила-была комната, в которой все слышали одни и те же слова. ", 0.35, 0.8),
    Case("Greek", "Μια φορά κι έναν καιρό ήταν ένα δωμάτιο. ", 0.35, 1.0),
    Case("Arabic", "كان يا ما كان غرفة يسمع فيها الجميع نفس الكلمات. ", 0.5, 1.3),
    Case("Hebrew", "היה היה חדר שבו כולם שמעו את אותן המילים. ", 0.5, 1.3),
    Case("Hindi", "एक समय की बात है, एक कमरा था जिसमें सब एक ही शब्द सुनते थे। ", 0.8, 2.0),
    Case("Thai", "กาลครั้งหนึ่งมีห้องที่ทุกคนได้ยินคำเดียวกัน", 0.8, 2.0),
    Case("emoji", "\N{PARTY POPPER}\N{SPARKLES}\N{ROCKET}", 1.0, 3.0),
    Case("code", "for (let i = 0; i < 10; i++) { total += prices[i] * 1.19; }\n", 0.25, 0.6),
    Case("digits", "3.14159265358979323846264338327950288419716939937510", 0.25, 0.7),
)
