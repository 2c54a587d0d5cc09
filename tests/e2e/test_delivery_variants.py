"""Output topics that take nothing, go away or come again, for records of every kind. The routers of one test run side by side."""

import contextlib
import dataclasses
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from broker import Kafka
from conftest import StartRouter, routers_in
from support.asker import Asker, new_id
from support.cluster import Cluster, Headers, committed_records, unique
from support.guard import CLUSTER, CLUSTER_NAME, CREATE, GROUP, READ, TOPIC, Guard, login
from support.router import Router, Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until
from test_batches import send_at_once
from trio import KafkaTrio

pytestmark = pytest.mark.timeout(180)


def reasons(router: Router) -> set[str]:
    return {each["reason"] for each in json.loads(router.get("/health")[1])["reasons"]}


def events(router: Router, name: str, **fields) -> list[dict]:
    return [line for line in router.log() if line["event"] == name and fields.items() <= line.items()]


def metric(router: Router, name: str) -> float:
    found = re.search(rf"^\w+_{name}(?:{{.*}})? (\S+)$", router.get("/metrics")[1], re.MULTILINE)
    assert found, name
    return float(found[1])


def plain(to: str) -> Headers:
    return [("correlation-id", new_id()), ("reply-to", to.encode())]


def nestjs(to: str, partition: int) -> Headers:
    return [("kafka_correlationId", new_id()), ("kafka_replyTopic", to.encode()), ("kafka_replyPartition", str(partition).encode())]


def together(work: Callable, items) -> list:
    items = list(items)
    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(work, items))


# Records that wait for a replica or a leader.


AWAY = 3  # the number of the broker that is away


@dataclasses.dataclass(frozen=True)
class Starved:
    """A message, given the topic that takes nothing, which is one of its own topic's (`own`), or another."""

    message: Callable[[str], dict]
    settings: str = ""
    headers: Callable[[str], Headers] = lambda _out: []
    own: str = ""
    replicas: tuple[int, ...] = (1, AWAY)  # too few in step; AWAY alone: no leader
    exactly: bool = False


STARVED = {
    "a dead letter": Starved(lambda _out: {"reject": True}, own="-dlq"),
    "a retry": Starved(lambda _out: {"raise": 10}, 'retry = { mode = "topic", max = 1 }', own="-retry"),
    "a request whose handler waits": Starved(lambda out: {"ask": out, "timeout": 15000}, "retry = { max = 0 }"),
    "a request that has timed out": Starved(lambda out: {"ask": out, "timeout": 4000}, "retry = { max = 0 }", replicas=(AWAY,)),
    "at most once": Starved(lambda out: {"publish": [{"to": out}]}, 'delivery = "at-most-once"'),
    "exactly once": Starved(lambda out: {"publish": [{"to": out}]}, 'delivery = "exactly-once"', exactly=True),
    "a reply to a partition": Starved(lambda _out: {}, headers=lambda out: nestjs(out, 1), replicas=(AWAY,)),
    "one of an ordered partition": Starved(lambda out: {"publish": [{"to": out}], "sleep": 1}, 'ordering = "partition", concurrency = 1'),
}


class Hungry:
    """A router for each kind: health has one reason for all that a router does."""

    def __init__(self, trio: KafkaTrio, cluster: Cluster, folder: Path, start: StartRouter, name: str) -> None:
        self.kind, self.cluster = STARVED[name], cluster
        self.topic = cluster.create_topic(unique("orders"))
        self.out = f"{self.topic}{self.kind.own}" if self.kind.own else unique("out")
        cluster.create_led_topic(self.out, [*self.kind.replicas], [*self.kind.replicas])
        scripts = Scripts(folder / unique("scripts"))
        scripts.write(self.topic, OBEYS)
        config = f'return {{ routes = {{ ["{self.topic}"] = {{ {self.kind.settings} }} }} }}\n'
        self.router = start(scripts, brokers=trio.bootstrap, config=config)
        self.reason = "transactions_stalled" if self.kind.exactly else "records_unacknowledged"

    def send(self) -> None:
        send_at_once(self.cluster, self.topic, [({"n": 1} | self.kind.message(self.out), self.kind.headers(self.out))])

    def age(self) -> float:
        return metric(self.router, "transactions_stalled" if self.kind.exactly else "oldest_unacknowledged_seconds")


@pytest.fixture(scope="module")
def hungry(shared_trio: KafkaTrio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Hungry]]:
    folder = tmp_path_factory.mktemp("hungry")
    shared_trio.start()
    with routers_in(folder, shared_trio.brokers[0]) as start, contextlib.closing(Cluster(shared_trio.bootstrap)) as cluster:
        all_of_them = dict(zip(STARVED, together(lambda name: Hungry(shared_trio, cluster, folder, start, name), STARVED), strict=True))
        shared_trio.broker(AWAY).kill()
        for one in all_of_them.values():
            until(lambda one=one: cluster.leaders(one.out)[0] == (1 if len(one.kind.replicas) > 1 else -1), "the broker is missed", 30)
            one.send()
        yield all_of_them
        shared_trio.start()


@pytest.mark.parametrize("name", STARVED)
def test_a_record_that_waits_for_a_broker_is_told(hungry: dict[str, Hungry], name: str) -> None:
    one = hungry[name]
    until(lambda: one.reason in reasons(one.router), "health says so", 25)
    line, *more = events(one.router, one.reason)
    assert one.kind.exactly or (line["topic"] == one.topic and not more)  # a transaction may wait for its coordinator first
    assert one.age() >= (1 if one.kind.exactly else 9)
    assert one.cluster.lag(one.router.group, one.topic) == (0 if name == "at most once" else 1)


def test_and_no_more_when_they_are_written(hungry: dict[str, Hungry], shared_trio: KafkaTrio) -> None:
    shared_trio.start()
    for name, one in hungry.items():
        until(lambda one=one: one.reason not in reasons(one.router) and one.age() == 0, f"{name}: all is well again", 70)
        until(lambda one=one: one.cluster.lag(one.router.group, one.topic) <= 0, f"{name}: it is committed")
        ended = "transactions_resumed" if one.kind.exactly else "records_acknowledged"
        assert len(events(one.router, ended)) == 1 or (one.kind.exactly and events(one.router, ended)), name
        assert len(committed_records(one.cluster, one.out)) == 1, name


# Dead-letter topics that are deleted.


@dataclasses.dataclass(frozen=True)
class Kind:
    settings: str = ""
    stem: str = "orders"
    message: dict = dataclasses.field(default_factory=lambda: {"reject": True})


WAITS = {"reject": True, "raise": 1500}  # for a retry, amid which the topics go
DELETED = {
    "at least once": Kind(),
    "exactly once": Kind('delivery = "exactly-once"'),
    "at most once": Kind('delivery = "at-most-once"'),
    "of a request": Kind(stem="commands"),
    "waiting in its place": Kind(message=WAITS),
    "waiting in a retry topic": Kind('retry = { mode = "topic" }', message=WAITS),
    "exactly once, waiting in a retry topic": Kind('delivery = "exactly-once", retry = { mode = "topic" }', message=WAITS),
}
SOURCE = 3  # partitions


class Letters:
    """A router of routes whose dead letters are in topics that can be deleted. It has no pattern, which would look for topics all the time."""

    def __init__(self, kafka: Kafka, cluster: Cluster, folder: Path, start: StartRouter) -> None:
        self.guard = Guard(kafka)
        self.guard.open()
        self.cluster = cluster
        scripts = Scripts(folder / "scripts")
        self.topics = {name: cluster.create_topic(f"{unique(kind.stem)}{'-commands' if kind.stem == 'commands' else ''}", SOURCE)
                       for name, kind in DELETED.items()}
        self.dead = {name: self._dead(name) for name in DELETED}
        for topic in self.topics.values():
            scripts.write(topic, OBEYS)
        routes = [f'["{topic}"] = {{ {DELETED[name].settings}, group_id = "{unique("group")}" }}' for name, topic in self.topics.items()]
        self.router = start(scripts, brokers=self.guard.brokers, env=login(), config=f"""return {{
            defaults = {{ retry = {{ max = 1, base = 20 }} }}, routes = {{ {", ".join(routes)} }} }}\n""".replace("{ ,", "{"))
        until(lambda: {*self.dead.values()} <= cluster.topics(), "all have their dead-letter topics")
        self.workers = self.router.workers()

    def _dead(self, name: str) -> str:
        topic = self.topics[name]
        return f"{topic.removesuffix('-commands')}-dlq"

    def send(self, number: int) -> None:
        for name, topic in self.topics.items():
            send_at_once(self.cluster, topic, [({"n": number} | DELETED[name].message, [])])

    def numbers(self, name: str) -> list[int]:
        if self.dead[name] not in self.cluster.topics():
            return []
        return [json.loads(record.value)["n"] for record in committed_records(self.cluster, self.dead[name])]

    def delete(self) -> None:
        together(self.cluster.end_topic, self.dead.values())

    def assert_dead(self, number: int) -> None:
        for name in DELETED:
            until(lambda name=name: number in self.numbers(name), f"{name}: the dead letter {number} is there", 40, every=0.2)
            assert len(self.cluster.partitions(self.dead[name])) == SOURCE, name
        assert self.router.workers() == self.workers


@pytest.fixture(scope="module")
def dead(guarded_kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Letters]:
    folder = tmp_path_factory.mktemp("letters")
    with routers_in(folder, guarded_kafka) as start, contextlib.closing(Cluster(guarded_kafka.bootstrap)) as cluster:
        yield Letters(guarded_kafka, cluster, folder, start)


@beyond_ci
def test_topics_of_dead_letters_come_again_as_often_as_they_go(dead: Letters) -> None:
    dead.send(0)
    dead.assert_dead(0)
    for number in (1, 2):
        dead.send(number)  # some of them wait while the topics go
        dead.delete()
        dead.send(10 * number)
        dead.assert_dead(10 * number)
    until(lambda: "dead_letter_blocked" not in reasons(dead.router), "health is well again", 40)


@beyond_ci
def test_one_that_may_not_be_created_comes_when_it_may(dead: Letters) -> None:
    dead.guard.deny(CLUSTER, CLUSTER_NAME, CREATE)
    dead.delete()
    dead.send(100)
    until(lambda: "dead_letter_blocked" in reasons(dead.router), "health says so", 40)
    dead.guard.grant(CLUSTER, CLUSTER_NAME)
    dead.assert_dead(100)
    until(lambda: "dead_letter_blocked" not in reasons(dead.router), "health is well again", 40)


# Stops with offsets that nobody takes.


@dataclasses.dataclass(frozen=True)
class Stop:
    harm: Callable[["Leaver"], None]
    settings: str = ""
    message: dict = dataclasses.field(default_factory=lambda: {"sleep": 1500})
    reaches: bool = True  # the group may commit what is well


def shrink(leaver: "Leaver") -> None:
    leaver.cluster.recreate_topic(leaver.topic, 1)


def remove(leaver: "Leaver") -> None:
    leaver.cluster.end_topic(leaver.topic)


DONE: dict = {}
STOPS = {
    "deleted, asleep": Stop(remove),
    "deleted, done": Stop(remove, message=DONE),
    "smaller, done": Stop(shrink, message=DONE),
    "smaller, at most once": Stop(shrink, 'delivery = "at-most-once"'),
    "smaller, one after the other": Stop(shrink, 'ordering = "partition"'),
    "its retry topic deleted, waiting there": Stop(lambda leaver: leaver.cluster.end_topic(f"{leaver.topic}-retry"),
                                                   'retry = { mode = "topic" }', {"raise": 60000}),
    "smaller, waiting for a retry": Stop(shrink, "retry = { base = 60000, cap = 60000 }", {"raise": 60000}),
    "the topic may not be read": Stop(lambda leaver: leaver.guard.deny(TOPIC, leaver.topic, READ)),
    "the group may not be read": Stop(lambda leaver: leaver.guard.deny(GROUP, leaver.router.group, READ), message=DONE, reaches=False),
}


class Leaver:
    """A router with a topic that comes to harm and another one, neither of which is committed before the stop."""

    def __init__(self, guard: Guard, cluster: Cluster, folder: Path, start: StartRouter, name: str) -> None:
        self.guard, self.cluster, self.stop = guard, cluster, STOPS[name]
        self.topic, self.other, self.replies = (cluster.create_topic(unique(stem), 3) for stem in ("orders", "other", "replies"))
        scripts = Scripts(folder / unique("scripts"))
        for topic in (self.topic, self.other):
            scripts.write(topic, OBEYS)
        self.router = start(scripts, brokers=guard.brokers, env=login(), config=f"""return {{
            commit_interval = 60000, routes = {{ ["{self.topic}"] = {{ {self.stop.settings} }} }} }}\n""")

    def leave(self) -> float:
        """Gives how many seconds the stop takes."""
        with contextlib.closing(Asker(self.cluster)) as asker:
            asker.send(self.topic, {"n": 1} | self.stop.message, partition=2)
            assert asker.ask_data(self.other, {"n": 2}) == 2
            until(lambda: metric(self.router, "messages_received_total") >= 2, "it has both")
            if "raise" in self.stop.message:
                until(lambda: events(self.router, "handler_failed"), "it waits for its retry")
        self.stop.harm(self)
        begun = time.monotonic()
        self.router.stop()
        return time.monotonic() - begun


def test_no_stop_waits_for_offsets_that_nobody_takes(guarded_kafka: Kafka, guarded_cluster: Cluster, tmp_path: Path) -> None:
    guard = Guard(guarded_kafka)
    guard.open()
    with routers_in(tmp_path, guarded_kafka) as start:
        leavers = dict(zip(STOPS, together(lambda name: Leaver(guard, guarded_cluster, tmp_path, start, name), STOPS), strict=True))
        took = dict(zip(STOPS, together(lambda name: leavers[name].leave(), STOPS), strict=True))
    guard.open()
    assert {name: seconds for name, seconds in took.items() if seconds > 6} == {}, took
    for name, leaver in leavers.items():
        assert guarded_cluster.lag(leaver.router.group, leaver.other) == (0 if leaver.stop.reaches else 1), name
