"""The traffic of one route of the soak, whose topics come and go, and what is demanded of it at the end."""

import collections
import dataclasses
import random
import time

from confluent_kafka import Message, TopicPartition

from .chaos import PARTITIONS, Size, Traffic
from .cluster import Cluster
from .outcomes import Findings

GRACE_SECONDS = 10.0  # after a topic was made anew: its consumers may still be where the old one ended
MOST_PARTITIONS = 12
WINDOW = 300


@dataclasses.dataclass
class Policy:
    """What the configuration says of a stream's route."""

    group: str
    delivery: str
    retry: str = "in-place"
    ordering: str = "key"
    concurrency: int = 64

    def text(self, topic: str) -> str:
        return (f'["{topic}"] = {{ group_id = "{self.group}", delivery = "{self.delivery}", ordering = "{self.ordering}", '
                f'concurrency = {self.concurrency}, retry = {{ mode = "{self.retry}" }} }},')


class Stream(Traffic):
    """The traffic of one route. Messages whose topic was deleted under them are excused: nobody can say what becomes of them."""

    def __init__(self, cluster: Cluster, seed: int, policy: Policy) -> None:
        super().__init__(cluster, Size(0, 0, 0, 0, 0, seed), WINDOW)
        self.policy = policy
        self.served = True
        self.unordered = policy.retry == "topic"
        self.excused: set[int] = set()
        self._era = 0  # keys of another era are other keys: their partitions, or their topic, have changed
        self._lives: collections.Counter[str] = collections.Counter()
        self._lenient_until = 0.0
        self._reached: dict[tuple[str, int], int] = {}  # the next offset to be read of each partition

    @property
    def retries(self) -> str:
        return f"{self.topic}-retry"

    @property
    def lossy(self) -> bool:
        return self.policy.delivery == "at-most-once"

    def open_answers(self) -> int:
        """How many outcomes are still to come, of those that must come."""
        return 0 if self.lossy else len(self.missing)

    def burst(self, count: int, cost: float) -> None:
        """Sends that many at once, whatever the window, each of which burns so many milliseconds of CPU."""
        self._burn = cost
        for _ in range(count):
            self._send(len(self.inputs))
        self._burn = 0.0

    def grow(self) -> int:
        count = len(self.cluster.partitions(self.topic)) + 1
        if count <= MOST_PARTITIONS:
            self._producer.flush(20)
            self.cluster.grow_topic(self.topic, count)
            self._producer = self._new_producer()  # the one before would not know of it at once
            self._era += 1
        return count

    def make_anew(self, partitions: int) -> None:
        """The input topic is deleted, with what lies in it, and there is another of its name."""
        self._producer.flush(20)
        self.excuse()
        self.cluster.recreate_topic(self.topic, partitions)
        self._producer = self._new_producer()
        self._era += 1
        self._lenient_until = time.monotonic() + GRACE_SECONDS

    def lose(self, topic: str) -> None:
        """The topic of its dead letters or retries is deleted."""
        self.excuse()
        self._reopen([self.answers] + ([self.dead] if topic != self.dead else []))
        self.cluster.end_topic(topic)
        self._lives[topic] += 1

    def give_back(self, topic: str) -> None:
        """Makes the topic anew, unless the router has done so."""
        self.cluster.provide_topic(topic, PARTITIONS)
        self._reopen([self.answers, self.dead])

    def excuse(self) -> None:
        """From now on nothing more is demanded for what has been sent."""
        numbers = {number for number, _ in self.missing}
        self.excused |= numbers
        self.decided |= numbers
        self.missing.clear()

    def faults(self) -> dict[str, list[str]]:
        """What the judge finds, by kind; what is excused, or not promised to this route, is left out."""
        findings: Findings = self.findings()
        ignored = {"lost"} if self.lossy else {"repeated"} if self.policy.delivery == "at-least-once" else set()
        if self.unordered:
            ignored.add("misordered")
        kept = {kind: [text for text in texts if not self._is_excused(kind, text)] for kind, texts in vars(findings).items()
                if kind not in ignored}
        return {kind: texts for kind, texts in kept.items() if texts}

    def _is_excused(self, kind: str, finding: str) -> bool:
        """Also what an attempt published before it failed, which at most once does not take back."""
        numbers = [int(word) for word in finding.split()[:3] if word.isdigit()]
        published = kind == "repeated" and self.lossy and self.inputs[numbers[0]].how == "publishes"
        return published or any(number in self.excused for number in numbers)

    def _key(self, dice: random.Random) -> bytes | None:
        key = super()._key(dice)
        return key if key is None else b"%d-%s" % (self._era, key)

    def _send(self, number: int) -> None:
        super()._send(number)
        if self._lenient_until > 0:
            self.excuse_one(number)
            if time.monotonic() > self._lenient_until:
                self._lenient_until = 0.0
                self._era += 1

    def excuse_one(self, number: int) -> None:
        self.excused.add(number)
        self.decided.add(number)
        self.missing = {each for each in self.missing if each[0] != number}

    def _found(self, message: Message) -> None:
        super()._found(message)
        self._reached[message.topic(), message.partition()] = message.offset() + 1

    def _shown(self, topic: str) -> str:
        return f"{topic}#{self._lives[topic]}"

    def _reopen(self, topics: list[str]) -> None:
        """Another reader of these topics, at the place of the one before; from the beginning of a topic that was made anew."""
        anew = {topic for topic in topics if topic not in {name for name, _ in self._places}}
        self._reached = {place: offset for place, offset in self._reached.items() if place[0] not in anew}
        self._consumer.close()
        self._consumer = self._new_consumer()
        self._places = [(topic, partition) for topic in topics for partition in self.cluster.partitions(topic)]
        self._consumer.assign([TopicPartition(*place, self._reached.get(place, 0)) for place in self._places])
        self._ends = {place: end for place, end in self._ends.items() if place[0] not in anew}
