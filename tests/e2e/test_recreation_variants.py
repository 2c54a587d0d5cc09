"""Topics of routes of every kind that are deleted and created again at once, whatever their messages are doing: all that is sent to the new
ones is handled and committed, by the same worker."""

import dataclasses
import json
from collections import Counter

import pytest
from broker import Kafka
from confluent_kafka import Producer
from conftest import StartRouter
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until

BEFORE, AFTER = 6, 5  # messages
NEW = 1000  # numbers from here on are of the new topics

pytestmark = pytest.mark.timeout(180)


@dataclasses.dataclass(frozen=True)
class Kind:
    settings: str = ""
    message: dict = dataclasses.field(default_factory=dict)  # what those before do
    before: int = 3  # partitions
    after: int = 3
    beside: bool = False  # its retry topic is made again, too


ASLEEP = {"sleep": 2500}
KINDS = {
    "asleep, with more partitions": Kind(message=ASLEEP, before=2, after=5),
    "asleep, with fewer partitions": Kind(message=ASLEEP, before=5, after=1),
    "asleep one after the other": Kind('ordering = "partition"', ASLEEP),
    "waiting for room": Kind("concurrency = 1", ASLEEP),
    "full": Kind("window = 2", ASLEEP),
    "exactly once": Kind('delivery = "exactly-once"', ASLEEP),
    "exactly once, done": Kind('delivery = "exactly-once"'),
    "at most once": Kind('delivery = "at-most-once"', ASLEEP),
    "waiting for a retry": Kind(message={"raise": 2500}),
    "waiting for a retry, one after the other": Kind('ordering = "partition"', {"raise": 2500}),
    "waiting in a retry topic": Kind('retry = { mode = "topic" }', {"raise": 2500}, beside=True),
    "waiting for an answer": Kind(message={"ask": "nobody", "timeout": 2500}),
    "without any message": Kind('ordering = "none"'),
}


class Shop:
    def __init__(self, kafka: Kafka, cluster: Cluster, scripts: Scripts, start: StartRouter) -> None:
        self.cluster = cluster
        self.nobody = cluster.create_topic(unique("nobody"))
        self.seen = {name: cluster.create_topic(unique("seen")) for name in KINDS}
        self.topics = {name: cluster.create_topic(unique("orders"), kind.before) for name, kind in KINDS.items()}
        self.groups = {name: unique("group") for name in KINDS}
        for topic in self.topics.values():
            scripts.write(topic, OBEYS)
        routes = [f'["{topic}"] = {{ group_id = "{self.groups[name]}", {KINDS[name].settings} }}' for name, topic in self.topics.items()]
        self.router = start(scripts, brokers=kafka.bootstrap, config=f"""return {{
            commit_interval = 100, defaults = {{ retry = {{ max = 1, base = 100, jitter = 0 }} }},
            kafka = {{ properties = {{ ["topic.metadata.refresh.interval.ms"] = 500 }} }}, routes = {{ {", ".join(routes)} }} }}\n""")
        self.workers = self.router.workers()

    def send(self, name: str, first: int, count: int, more: dict, partitions: int) -> None:
        producer = Producer(client_properties(self.cluster.bootstrap))  # that knows none of the topics before
        for number in range(first, first + count):
            message = {"n": number, "publish": [{"to": self.seen[name]}]} | more
            producer.produce(self.topics[name], json.dumps(message), f"{first}-{number % 3}", number % partitions)
        assert producer.flush(20) == 0

    def send_before(self) -> None:
        for name, kind in KINDS.items():
            more = kind.message | ({"ask": self.nobody} if "ask" in kind.message else {})
            if name != "without any message":
                self.send(name, 0, BEFORE, more, kind.before)

    def recreate(self) -> None:
        beside = {f"{self.topics[name]}-retry" for name, kind in KINDS.items() if kind.beside} & self.cluster.topics()
        before = len(self.router.log())
        for topic in (*self.topics.values(), *beside):
            self.cluster.delete_topic(topic)
        # But for a retry topic, which the router makes again when it is missed.
        until(lambda: not {*self.topics.values()} & self.cluster.topics(), "they are gone", 30)
        until(lambda: self._lost(before) >= {*self.topics.values()}, "that is noticed: a topic of as many records would be taken for the old one", 30)
        for name, kind in KINDS.items():
            self.cluster.create_topic(self.topics[name], kind.after)

    def _lost(self, before: int) -> set[str]:
        return {line["topic"] for line in self.router.log()[before:] if line["event"] == "partition_lost"}

    def send_after(self, first: int) -> None:
        for name, kind in KINDS.items():
            self.send(name, first, AFTER, {}, kind.after)

    def new_ones(self, name: str, first: int) -> Counter[int]:
        numbers = (json.loads(record.value) for record in committed_records(self.cluster, self.seen[name]))
        return Counter(number for number in numbers if number >= first)

    def assert_served(self, first: int) -> None:
        wanted = Counter(range(first, first + AFTER))
        for name in KINDS:
            try:
                until(lambda name=name: self.new_ones(name, first).keys() == wanted.keys(), f"{name}: the new ones are handled", 60, every=0.2)
                until(lambda name=name: self.cluster.committed(self.groups[name], self.topics[name]) == self.cluster.ends(self.topics[name]),
                      f"{name}: the new ones are committed, the old ones are not", 30, every=0.1)
            except AssertionError as error:
                raise AssertionError(f"{error}: {self.new_ones(name, first)}, "
                                     f"{self.cluster.committed(self.groups[name], self.topics[name])} of {self.cluster.ends(self.topics[name])}") from None
            assert self.new_ones(name, first) == wanted, name
        assert self.router.workers() == self.workers


def test_topics_that_are_created_again_are_served(guarded_kafka: Kafka, guarded_cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    """Twice, the second time while it is at work on those of the first."""
    shop = Shop(guarded_kafka, guarded_cluster, scripts, start_router)
    shop.send_before()
    until(lambda: guarded_cluster.lag(shop.groups["exactly once, done"], shop.topics["exactly once, done"]) == 0, "they are at work")
    for first in NEW, 2 * NEW:
        shop.recreate()
        shop.send_after(first)
        shop.assert_served(first)
        shop.send_before()
    shop.router.stop(15)


@beyond_ci
def test_records_that_are_deleted_before_they_are_read_are_passed_over(guarded_kafka: Kafka, guarded_cluster: Cluster, scripts: Scripts,
                                                                       start_router: StartRouter) -> None:
    """Under routes that take no more, since theirs sleep."""
    shop = Shop(guarded_kafka, guarded_cluster, scripts, start_router)
    shop.send_before()
    until(lambda: guarded_cluster.lag(shop.groups["exactly once, done"], shop.topics["exactly once, done"]) == 0, "they are at work")
    for name, topic in shop.topics.items():
        guarded_cluster.delete_records(topic, dict.fromkeys(range(KINDS[name].before), -1))
    for name, kind in KINDS.items():
        shop.send(name, NEW, AFTER, {}, kind.before)
    shop.assert_served(NEW)
    shop.router.stop(15)
