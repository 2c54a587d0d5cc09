"""What became of messages, against what was to become of them: the judge of the chaos test.

It is told what was sent and what was found, and knows nothing of Kafka. An input's outcomes are an answer, an error reply and a
dead letter; which of them it must have follows from what the script does with it, and whether it is a request or an event.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

ANSWER, ERROR, DEAD = "answer", "error", "dead"
SHOWN = 10  # examples of each finding

# What the script does with a message: what must come of it where it is a request, and where it is an event.
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    "answers": ({ANSWER}, {ANSWER}),
    "raises": ({ANSWER}, {ANSWER}),  # and so on: a few times, then it answers
    "breaks": ({ANSWER}, {ANSWER}),
    "waits": ({ANSWER}, {ANSWER}),
    "publishes": ({ANSWER}, {ANSWER}),  # raises after an event's answer is published
    "unavailable": ({ERROR}, {ANSWER}),
    "hopeless": ({ERROR, DEAD}, {DEAD}),
    "rejects": ({ERROR, DEAD}, {DEAD}),
    "refuses": ({ERROR}, {DEAD}),
    "garbled": ({ERROR, DEAD}, {DEAD}),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Input:
    """Those of one key have ascending numbers in the order in which they were sent."""

    number: int
    key: bytes | None
    how: str
    is_request: bool

    def expected(self) -> set[str]:
        return EXPECTED[self.how][0 if self.is_request else 1]


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    number: int
    what: str
    topic: str
    partition: int
    offset: int
    guarded: bool = False  # a dead letter by the poison guard: the message was at work when its worker died, twice


@dataclasses.dataclass
class Findings:
    lost: list[str]  # an outcome that must be there is not
    unexpected: list[str]  # one is there that must not be
    repeated: list[str]  # one is there more than once
    misordered: list[str]  # two of one key, first answered in another order than they were sent

    def counted(self) -> str:
        return ", ".join(f"{len(texts)} {name}" for name, texts in vars(self).items())

    def __str__(self) -> str:
        return "\n".join([self.counted(), *(f"{name}: {text}" for name, texts in vars(self).items() for text in texts[:SHOWN])])


def judge(inputs: Sequence[Input], outcomes: Iterable[Outcome]) -> Findings:
    """`inputs` by number, from 0; `outcomes` in any order."""
    by_place = sorted(outcomes, key=lambda each: (each.topic, each.partition, each.offset))
    counts = Counter((each.number, each.what) for each in by_place)
    guarded = {each.number for each in by_place if each.guarded}
    wanted = {(each.number, what) for each in inputs for what in outcomes_of(each, guarded)}
    return Findings(
        lost=sorted(f"{number} has no {what} ({inputs[number]})" for number, what in wanted - counts.keys()),
        unexpected=sorted(f"{number} has {what} ({inputs[number]})" for number, what in counts.keys() - wanted
                          if number not in guarded),
        repeated=sorted(f"{number} has {what} {count} times ({inputs[number]})" for (number, what), count in counts.items() if count > 1),
        misordered=misordered(inputs, by_place),
    )


def outcomes_of(each: Input, guarded: set[int]) -> set[str]:
    return dataclasses.replace(each, how="rejects").expected() if each.number in guarded else each.expected()


def misordered(inputs: Sequence[Input], by_place: list[Outcome]) -> list[str]:
    """All of a key are in one partition of each topic, so that there the first outcome of each shows the order."""
    found: list[str] = []
    seen: set[tuple[str, int]] = set()
    latest: dict[tuple[str, bytes], int] = defaultdict(lambda: -1)
    for each in by_place:
        key = inputs[each.number].key
        if key is None or (each.topic, each.number) in seen:
            continue
        seen.add((each.topic, each.number))
        if each.number < latest[each.topic, key]:
            found.append(f"{latest[each.topic, key]} before {each.number} of key {key!r} in {each.topic}")
        latest[each.topic, key] = max(each.number, latest[each.topic, key])
    return found
