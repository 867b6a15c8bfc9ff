"""A stopped reply is booked with about the tokens that its words cost, in whatever script they are; so is a context.

Report 20: stopped replies in Japanese were booked at a quarter of their tokens. The figures are those of the last tokenizer
that Anthropic has published (the npm package @anthropic-ai/tokenizer 0.0.4), counted with each case's words twenty times.
Today's makes as many tokens of other scripts, and more of Latin ones by the factor that stands beside the figure: measured
by others through `count_tokens`, https://sol.ava.dev/writings/2026-04-17-opus-4-7-tokenizer.html (German 1.46, English
1.45, French 1.36, JSON 1.31, code 1.13 to 1.33, identifiers 1.07, other scripts 1.00).
"""

from typing import Final, NamedTuple


class Case(NamedTuple):
    """figure: tokens for each character."""

    kind: str
    words: str
    figure: float

    def __str__(self) -> str:
        return self.kind


CASES: Final = (
    Case("English", "Once upon a time there was a room in which all people heard the same words. ", 0.224 * 1.45),
    Case("German", "Es war einmal ein großes Zimmer, in dem alle dieselben Wörter hörten. ", 0.315 * 1.46),
    Case("French", "Il était une fois une pièce où tout le monde entendait les mêmes mots. ", 0.296 * 1.36),
    Case("Polish", "Był sobie raz pokój, w którym wszyscy słyszeli te same słowa. ", 0.485 * 1.36),
    Case("Vietnamese", "Ngày xửa ngày xưa có một căn phòng nơi mọi người nghe cùng những lời. ", 0.715),
    Case("Japanese", "むかしむかし、みんなが同じ言葉を聞く部屋がありました。", 1.111),
    Case("Chinese", "从前有一个房间，所有人都听到同样的话。", 0.947),
    Case("Korean", "옛날에 모두가 같은 말을 듣는 방이 있었습니다. ", 1.002),
    Case("Russian", "Жила-была комната, в которой все слышали одни и те же слова. ", 0.493),
    Case("Greek", "Μια φορά κι έναν καιρό ήταν ένα δωμάτιο. ", 1.026),
    Case("Arabic", "كان يا ما كان غرفة يسمع فيها الجميع نفس الكلمات. ", 0.857),
    Case("Hebrew", "היה היה חדר שבו כולם שמעו את אותן המילים. ", 0.835),
    Case("Hindi", "एक समय की बात है, एक कमरा था जिसमें सब एक ही शब्द सुनते थे। ", 0.984),
    Case("Tamil", "ஒரு காலத்தில் அனைவரும் ஒரே வார்த்தைகளைக் கேட்ட ஒரு அறை இருந்தது. ", 1.846),
    Case("Thai", "กาลครั้งหนึ่งมีห้องที่ทุกคนได้ยินคำเดียวกัน", 1.884),
    Case("Georgian", "იყო და არა იყო რა, იყო ერთი ოთახი. ", 1.143),
    Case("Amharic", "በአንድ ወቅት ሁሉም ሰው አንድ ዓይነት ቃላት የሚሰማበት ክፍል ነበረ። ", 2.556),
    Case("emoji", "\N{PARTY POPPER}\N{SPARKLES}\N{ROCKET}", 2.333),
    Case("code", "for (let i = 0; i < 10; i++) { total += prices[i] * 1.19; }\n", 0.45 * 1.13),
    Case("JSON", '{"id": 12, "name": "alice", "roles": ["owner", "member"], "active": true}\n', 0.351 * 1.31),
    Case("a table", "| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n", 0.5 * 1.13),
    Case("identifiers", "550e8400-e29b-41d4-a716-446655440000\n", 0.595 * 1.07),
    Case("base64", "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24=", 0.6),
    Case("capitals", "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG. ", 0.379 * 1.45),
    Case("digits", "3.14159265358979323846264338327950288419716939937510", 0.424),
)
"""Within 30 percent of the figure, and below it only for languages that share their letters with others."""

SCARCE: Final = (
    Case("Bengali", "এক সময় একটি ঘর ছিল যেখানে সবাই একই কথা শুনত। ", 1.717),
    Case("Armenian", "Կար-չկար մի սենյակ, որտեղ բոլորը լսում էին նույն խոսքերը։ ", 1.81),
)
"""Scripts that share their block of characters with one that costs half as much: they are taken for something between."""
