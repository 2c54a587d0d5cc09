"""More records that are refused with their batch, with and without transactions: all are delivered that would be alone, and only the others fail."""

import contextlib
import dataclasses
import json
import random
import time
from collections.abc import Callable, Iterator

import pytest
from broker import Kafka
from conftest import StartRouter, routers_in
from support.cluster import Cluster, committed_records, unique
from support.router import Router, Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until
from test_batches import send_at_once, text_of

DELIVERIES = ("at-least-once", "exactly-once")
LIMIT = 50_000
SMALL = {"max.message.bytes": str(LIMIT)}
LARGE, HUGE = 20_000, 80_000  # a few are too large together; too large alone, compressed too
GUILTY = 100  # numbers from here on

pytestmark = pytest.mark.timeout(180)


@dataclasses.dataclass
class Case:
    """Messages for a topic, by what is done with `target`. Those numbered from GUILTY on are to fail."""

    settings: dict[str, str]
    messages: Callable[[str], list[dict]]
    target: str = "target"  # or what is made of the topic's name: its retry or dead-letter topic, or a service
    partitions: int = 1
    written: bool = True  # every good message leaves its number in the target
    fail: int = 0


def publish(target: str, number: int, size: int = 0, **more) -> dict:
    """One record whose value begins with the number."""
    return {"n": number, "publish": [{"to": target, "value": [number, text_of(size, number)], "keyed": True} | more]}


def mixed(target: str) -> list[dict]:
    sizes = random.Random(1).choices([10, 100, 1000, 10_000, 30_000], k=60)
    return [publish(target, number, size) for number, size in enumerate(sizes)]


def headers(target: str) -> list[dict]:
    return [publish(target, number, options={"headers": {"x": text_of(LARGE, number)}}) for number in range(10)]


def amid(good: list[dict], *guilty: dict) -> list[dict]:
    """First, last, and between."""
    places = [0, len(good), len(good) // 2]
    for each, place in zip(guilty, places, strict=False):
        good = [*good[:place], each, *good[place:]]
    return good


def one_of_five(target: str) -> list[dict]:
    five = [publish(target, GUILTY, size)["publish"][0] for size in (10, 20, HUGE, 30, 40)]
    return amid([publish(target, number, 100) for number in range(20)], {"n": GUILTY, "publish": five})


def future(target: str) -> list[dict]:
    late = int(time.time() * 1000) + 10 * 86_400_000
    return amid([publish(target, number) for number in range(20)], publish(target, GUILTY, options={"timestamp": late}))


def two_kinds(target: str) -> list[dict]:
    return amid([publish(target, number, 1000) for number in range(20)], publish(target, GUILTY, keyed=False),
                publish(target, GUILTY + 1, HUGE), publish(target, GUILTY + 2, keyed=False))


def three(target: str) -> list[dict]:
    return amid([publish(target, number, 5000) for number in range(40)], *[publish(target, GUILTY + each, HUGE) for each in range(3)])


def many(target: str) -> list[dict]:
    """Several of one event, each of which is fine alone."""
    return [{"n": number, "publish": [publish(target, number, LARGE + each)["publish"][0] for each in range(6)]} for number in range(5)]


def padded(**more) -> Callable[[str], list[dict]]:
    return lambda target: [{"n": number, "pad": text_of(LARGE, number)} | {key: value or target for key, value in more.items()}
                           for number in range(10)]


CASES = {
    "mixed sizes": Case(SMALL, mixed),
    "the sizes of headers": Case(SMALL, headers),
    "one of five publishes": Case(SMALL, one_of_five, fail=1),
    "a time in the future": Case({"message.timestamp.after.max.ms": "3600000"}, future, fail=1),
    "two kinds of guilty": Case(SMALL | {"cleanup.policy": "compact"}, two_kinds, fail=3),
    "three too large ones in six partitions": Case(SMALL, three, partitions=6, fail=3),
    "many of each event": Case(SMALL, many),
    "retries by way of a topic": Case(SMALL, padded(**{"raise": 50}), "{}-retry", written=False),
    "dead letters": Case(SMALL, padded(reject=True), "{}-dlq", written=False, fail=10),
    "questions": Case(SMALL, padded(ask=None), "{}-service", written=False),
}


class Shop:
    """A router with a topic for each case and kind of delivery."""

    def __init__(self, cluster: Cluster, scripts: Scripts, start: StartRouter, more: str = "") -> None:
        self.cluster = cluster
        self.group = {delivery: unique(delivery) for delivery in DELIVERIES}
        self.topics = {(name, delivery): cluster.create_topic(unique("orders")) for name in CASES for delivery in DELIVERIES}
        routes = ""
        for (name, delivery), topic in self.topics.items():
            scripts.write(topic, OBEYS)
            mode = "topic" if CASES[name].target.endswith("-retry") else "in-place"
            routes += f'["{topic}"] = {{ delivery = "{delivery}", group_id = "{self.group[delivery]}", retry = {{ mode = "{mode}" }} }},\n'
            if not CASES[name].target.endswith("-dlq"):
                cluster.create_topic(f"{topic}-dlq")
            if "{}" in CASES[name].target:
                cluster.create_topic(CASES[name].target.format(topic), **CASES[name].settings)
            if CASES[name].target.endswith("-service"):
                scripts.write(f"{topic}-service", OBEYS)
        self.router: Router = start(scripts, config=f"""return {{
            defaults = {{ retry = {{ max = 1, base = 50, jitter = 0 }} }}, {more}
            routes = {{ {routes} }},
        }}\n""")
        self.workers = self.router.workers()

    def run(self, name: str, delivery: str) -> None:
        case, topic = CASES[name], self.topics[name, delivery]
        target = case.target.format(topic) if "{}" in case.target else \
            self.cluster.create_topic(unique("target"), case.partitions, **case.settings)
        messages = case.messages(target)
        send_at_once(self.cluster, topic, [(message, []) for message in messages])
        self.settle(topic, delivery)
        if case.target.endswith("-retry"):
            self.settle(target, delivery)
        good = sorted(message["n"] for message in messages if message["n"] < GUILTY and not message.get("reject"))
        failed = sorted(message["n"] for message in messages if message["n"] not in good)
        assert len(failed) == case.fail
        dead = [json.loads(each.value)["n"] for each in committed_records(self.cluster, f"{topic}-dlq")]
        assert sorted(dead) == failed
        if case.written:
            self.assert_written(target, good, delivery)
        assert self.router.workers() == self.workers

    def settle(self, topic: str, delivery: str) -> None:
        """All is committed, but for the marks that transactions leave at the end."""
        until(lambda: self.cluster.committed(self.group[delivery], topic)[0] >= len(committed_records(self.cluster, topic)), "all is committed", 60)

    def assert_written(self, target: str, good: list[int], delivery: str) -> None:
        """What guilty messages published before the refusal is taken back in transactions only."""
        found = sorted(json.loads(each.value)[0] for each in committed_records(self.cluster, target))
        expected = sorted(number for number in found if number in good)
        assert set(expected) == set(good)
        if delivery == "exactly-once":
            assert found == expected


@pytest.fixture(scope="module")
def shop(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with routers_in(folder, kafka) as start, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield Shop(cluster, Scripts(folder / "scripts"), start)


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("name", CASES)
def test_only_the_guilty_of_a_batch_fail(shop: Shop, name: str, delivery: str) -> None:
    shop.run(name, delivery)
    assert "kafka_fatal" not in shop.router.log_text()


@beyond_ci
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_nor_do_others_where_batches_are_compressed(cluster: Cluster, scripts: Scripts, start_router: StartRouter, compression: str) -> None:
    """A guilty one is too large compressed, too."""
    shop = Shop(cluster, scripts, start_router, f'kafka = {{ properties = {{ ["compression.type"] = "{compression}" }} }},')
    for name in CASES:
        for delivery in DELIVERIES:
            shop.run(name, delivery)


def test_a_limit_that_is_lowered_meanwhile_fails_nobody(shop: Shop) -> None:
    for delivery in DELIVERIES:
        topic, target = shop.topics["mixed sizes", delivery], shop.cluster.create_topic(unique("target"))
        for number in range(2):
            send_at_once(shop.cluster, topic, [(publish(target, 10 * number + each, LARGE), []) for each in range(10)])
            shop.settle(topic, delivery)
            shop.cluster.configure(target, **SMALL)
        shop.assert_written(target, list(range(20)), delivery)
        assert shop.cluster.count(f"{topic}-dlq") == 0
