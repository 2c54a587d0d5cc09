"""Routes of every kind that go and come back by reloads at once, while their groups join, rebalance and drain: nothing is lost or overtaken,
and nobody dies."""

import contextlib
import dataclasses
import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import Kafka
from confluent_kafka import Consumer
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Router, Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until

EACH = 40  # messages of a route
KEYS = 4

pytestmark = pytest.mark.timeout(180)


@dataclasses.dataclass(frozen=True)
class Kind:
    settings: str = ""
    message: dict = dataclasses.field(default_factory=lambda: {"sleep": 20})
    ordered: bool = True
    once: bool = True
    pattern: bool = False
    moves: bool = False  # to another group, instead of going
    lossy: bool = False  # what is taken when its route goes is lost


KINDS = {
    "by key": Kind(),
    "one at a time": Kind("concurrency = 1"),
    "by partition": Kind('ordering = "partition"'),
    "in no order": Kind('ordering = "none"', ordered=False),
    "exactly once": Kind('delivery = "exactly-once"'),
    "at most once": Kind('delivery = "at-most-once"', lossy=True),
    "retried": Kind(message={"raise": 100}),
    "retried by way of a topic": Kind('retry = { mode = "topic" }', {"raise": 100}, ordered=False),
    "with a small window": Kind("window = 2"),
    "by a pattern": Kind(pattern=True),
    "asleep": Kind('ordering = "none"', {"sleep": 1500}, ordered=False),
    "moved": Kind(moves=True, ordered=False, once=False),
}


class Shop:
    """A router whose routes have a group each; one of another group stays."""

    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, more: str = "", **options) -> None:
        self.cluster, self.scripts, self.start, self.more = cluster, scripts, start, more
        self.topics = {name: cluster.create_topic(unique("orders"), 4) for name in KINDS}
        self.replies = {name: cluster.create_topic(unique("replies")) for name in KINDS}
        self.groups = {name: unique("group") for name in KINDS}
        self.kept = cluster.create_topic(unique("kept"))
        scripts.write(self.kept, OBEYS)
        scripts.write("pattern", OBEYS)
        self.write(True)
        self.router: Router = start(scripts, config=self.config(True), **options)
        self.workers = self.router.workers()
        self.sent = self.reloads = 0

    def config(self, there: bool) -> str:
        routes = []
        for name, kind in KINDS.items():
            topic, group = self.topics[name], self.groups[name]
            if kind.pattern and there:
                routes.append(f'["^{topic[:-1]}.$"] = {{ group_id = "{group}", script = "pattern.lua" }}')
            elif there or kind.moves:
                group = group if there else group + "-other"
                routes.append(f'["{topic}"] = {{ group_id = "{group}", {kind.settings} }}')
        return f"return {{ defaults = {{ retry = {{ jitter = 0 }} }}, {self.more} routes = {{ {', '.join(routes)} }} }}\n"

    def write(self, there: bool) -> None:
        for name, kind in KINDS.items():
            if there and not kind.pattern:
                self.scripts.write(self.topics[name], OBEYS)
            elif not kind.moves and not kind.pattern:
                self.scripts.remove(self.topics[name])

    def toggle(self, there: bool) -> None:
        self.write(there)
        (self.router.folder / "moonroute.lua").write_text(self.config(there))
        self.router.reload()
        self.reloads += 1
        until(lambda: self.router.log_text().count('"event":"reload_done"') == self.reloads, "it is loaded")

    def send(self) -> None:
        asker = Asker(self.cluster)
        for name, kind in KINDS.items():
            for number in range(self.sent, self.sent + EACH):
                headers = [("correlation-id", new_id()), ("reply-to", self.replies[name].encode())]
                asker._producer.produce(self.topics[name], json.dumps({"n": number} | kind.message), str(number % KEYS), headers=headers)
        asker.close()
        self.sent += EACH

    def answers(self, name: str) -> list[int]:
        return [json.loads(record.value) for record in committed_records(self.cluster, self.replies[name])]

    def await_begin(self) -> None:
        for name in KINDS:
            until(lambda name=name: self.cluster.count(self.replies[name]) > 0, f"{name}: one is answered", 30)

    def assert_all_answered(self, rebalanced: bool = False) -> None:
        """Where others take partitions over, what was handled behind a message that was not may be handled again."""
        for name, kind in KINDS.items():
            self._await_end(name)
            numbers = list(dict.fromkeys(self.answers(name)))
            if kind.once and (not rebalanced or "delivery" in kind.settings):
                assert Counter(self.answers(name)).most_common(1)[0][1] == 1, name
            if kind.ordered:
                of_keys = [[number for number in numbers if number % KEYS == key] for key in range(KEYS)]
                assert of_keys == [sorted(each) for each in of_keys], name
        assert self.router.workers() == self.workers

    def _await_end(self, name: str) -> None:
        if KINDS[name].lossy:
            until(lambda: self.cluster.lag(self.groups[name], self.topics[name]) == 0, f"{name}: all are taken", 60)
            return
        try:
            until(lambda: set(self.answers(name)) == set(range(self.sent)), f"{name}: all are answered", 60, every=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}: {sorted(set(range(self.sent)) - set(self.answers(name)))}") from None

    def assert_kept_answers(self, asker: Asker) -> None:
        assert asker.ask_data(self.kept, {"n": 1}) == 1


@pytest.fixture
def stubborn(cluster: Cluster) -> Iterator:
    """Members of groups that, once they have partitions, keep their groups amid a rebalance: they give back nothing until they are let."""
    members: list[Consumer] = []

    def join(group: str, topic: str) -> Consumer:
        member = Consumer(client_properties(cluster.bootstrap, group_id=group, session_timeout_ms=30000,
                                            partition_assignment_strategy="cooperative-sticky"))
        members.append(member)
        member.subscribe([topic], on_assign=lambda *_: None, on_revoke=lambda *_: None)
        until(lambda: member.poll(0.1) is None and member.assignment(), f"a member of {group} has partitions", 30)
        member.pause(member.assignment())
        return member

    yield join
    for member in members:
        member.close()


STATIC = 'kafka = { group_instance_id = "slot" },'


@pytest.mark.parametrize(("more", "rounds"), [
    ("", 3),
    pytest.param(STATIC, 3, marks=[beyond_ci]),
    pytest.param("drain_timeout = 1,", 2, marks=[beyond_ci]),
], ids=["", "static members", "no time to drain"])
def test_routes_that_go_and_come_back(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter, more: str, rounds: int) -> None:
    shop = Shop(cluster, scripts, start_router, more)
    shop.send()
    shop.await_begin()
    for _ in range(rounds):
        shop.toggle(False)
        shop.assert_kept_answers(asker)
        shop.send()
        shop.toggle(True)
        shop.assert_kept_answers(asker)
    if "drain" in more:  # what is given up is repeated
        until(lambda: all(set(shop.answers(name)) == set(range(shop.sent)) for name, kind in KINDS.items() if not kind.lossy),
              "all are answered", 60)
    else:
        shop.assert_all_answered()
    shop.router.stop()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=[beyond_ci])])
def test_and_while_others_join_and_leave_their_groups(cluster: Cluster, asker: Asker, scripts: Scripts, tmp_path: Path, workers: int,
                                                      start_router: StartRouter) -> None:
    shop = Shop(cluster, scripts, start_router, workers=workers)
    shop.send()
    shop.await_begin()
    theirs = Scripts(tmp_path / "theirs")
    for topic in [shop.kept, "pattern", *shop.topics.values()]:
        theirs.write(topic, OBEYS)
    other = start_router(theirs, config=shop.config(True), ready=False)
    shop.toggle(False)
    shop.send()
    shop.toggle(True)
    other.await_ready(60)
    shop.send()
    other.signal(signal.SIGTERM)
    shop.toggle(False)
    shop.toggle(True)
    assert other.await_exit() == 0
    shop.assert_kept_answers(asker)
    shop.assert_all_answered(rebalanced=True)
    shop.router.stop()


def test_groups_that_are_left_while_they_join(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter, stubborn) -> None:
    """Another member keeps each of them from a new assignment."""
    shop = Shop(cluster, scripts, start_router)
    shop.toggle(False)
    members = [stubborn(shop.groups[name], shop.topics[name]) for name in ("by key", "exactly once", "at most once")]
    for _ in range(2):
        shop.toggle(True)
        shop.assert_kept_answers(asker)
        shop.toggle(False)
        shop.assert_kept_answers(asker)
    shop.toggle(True)
    for member in members:
        member.close()
    shop.send()
    shop.assert_all_answered()
    shop.router.stop()


@beyond_ci
@pytest.mark.parametrize("delay", [0, 0.05, 0.3])
def test_a_stop_amid_all_that_ends_in_time(cluster: Cluster, scripts: Scripts, start_router: StartRouter, delay: float) -> None:
    shop = Shop(cluster, scripts, start_router)
    shop.send()
    shop.await_begin()
    shop.write(False)
    (shop.router.folder / "moonroute.lua").write_text(shop.config(False))
    shop.router.reload()
    with contextlib.suppress(AssertionError):
        until(lambda: shop.router.exited() is not None, "it has ended", delay)
    shop.router.stop(12)
    shop.write(True)
    (shop.router.folder / "moonroute.lua").write_text(shop.config(True))
    shop.router.start()
    shop.workers = shop.router.workers()
    shop.assert_all_answered()
    shop.router.stop()


@beyond_ci
def test_topics_that_are_deleted_with_their_routes_asleep(guarded_kafka: Kafka, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                          start_router: StartRouter) -> None:
    """Deleted, removed, made again and added again."""
    shop = Shop(guarded_cluster, scripts, start_router, brokers=guarded_kafka.bootstrap)
    shop.send()
    shop.await_begin()
    for topic in shop.topics.values():
        guarded_cluster.delete_topic(topic)
    shop.toggle(False)
    shop.assert_kept_answers(guarded_asker)
    until(lambda: not set(shop.topics.values()) & guarded_cluster.topics(), "they are gone", 30)
    for name, topic in shop.topics.items():
        guarded_cluster.create_topic(topic, 2)
        shop.replies[name] = guarded_cluster.create_topic(unique("replies"))
    shop.toggle(True)
    shop.sent = 0
    shop.send()
    shop.assert_all_answered()
    shop.router.stop()
