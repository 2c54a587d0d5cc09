"""One broker of three away, and with it the leaders of many outputs at once, written to in every way there is. One worker serves all routes
that are exactly once, another those with small windows."""

import contextlib
import dataclasses
import json
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Kafka
from confluent_kafka import Producer
from conftest import StartRouter, routers_in
from support.asker import new_id
from support.cluster import Cluster, client_properties, committed_records, unique
from support.memory import peak_memory
from support.router import Router, Scripts
from support.variants import OBEYS, beyond_ci
from support.wait import until
from test_batches import send_at_once
from trio import KafkaTrio

AWAY, HERE, OTHER = 3, 1, 2  # brokers
EACH = 20  # messages that write to what is away
MANY = 12  # topics
BACKLOG = 2000
STEADY = 25  # looks in a row
MEMORY = 100  # MiB that a worker may grow by

pytestmark = pytest.mark.timeout(300)


def begin(cluster: Cluster) -> None:
    """Has Kafka make its internal topics, which have to be there to tell who coordinates what."""
    cluster.await_committed(unique("first"), cluster.create_topic(unique("first")))
    Producer(client_properties(cluster.bootstrap, transactional_id=unique("first"))).init_transactions(60)


def named(cluster: Cluster, kind: str, tail: str = "") -> str:
    """A name whose coordinator stays."""
    return until(lambda: next((name for name in [unique("under-test")] if cluster.coordinator(kind, name + tail) != AWAY), None), "a name", 60)


@dataclasses.dataclass
class Outputs:
    """Where what a route writes goes: all of it to topics that the broker leads."""

    away: list[str]
    message: Callable[[int], tuple[dict, str | None]]  # by number: what to do, and where the reply goes

    @classmethod
    def published(cls, *topics: str, each: bool = False) -> "Outputs":
        def message(number: int) -> tuple[dict, None]:
            chosen = [topics[number % len(topics)]] if each else topics
            return {"publish": [{"to": topic} for topic in chosen]}, None
        return cls(list(topics), message)


class Shop:
    """Routes that are exactly once, each with another way to write to what will be away, and one that does not."""

    def __init__(self, trio: KafkaTrio, cluster: Cluster, scripts: Scripts, start: Callable[..., Router]) -> None:
        self.cluster = cluster
        self.here = cluster.create_led_topic(unique("here"), [HERE])
        away = [self.led("away") for _ in range(4)]
        halved = cluster.create_topic(unique("halved"), replicas=3, **{"min.insync.replicas": "3"})
        self.outputs = {
            "publishes": Outputs.published(away[0]),
            "answers": Outputs([away[1]], lambda _number: ({}, away[1])),
            "dead letters": Outputs(["{}-dlq"], lambda _number: ({"reject": True}, None)),
            "retries": Outputs(["{}-retry"], lambda _number: ({"raise": 10}, None)),
            "too few in step": Outputs.published(halved),
            "two at once": Outputs.published(away[2], away[3]),
            "one here, one away": Outputs.published(self.here, self.led("away")),
            "many topics": Outputs.published(*[self.led("away") for _ in range(MANY)], each=True),
        }
        self.topics = {name: cluster.create_topic(unique("orders"), replicas=3) for name in [*self.outputs, "good"]}
        for name, topic in self.topics.items():
            scripts.write(topic, OBEYS)
            for beside in ("dlq", "retry"):
                away_too = name in self.outputs and f"{{}}-{beside}" in self.outputs[name].away
                cluster.create_led_topic(f"{topic}-{beside}", [AWAY if away_too else HERE])
        group = named(cluster, "group")
        client = named(cluster, "transaction", f"-{socket.gethostname()}-0")
        self.router = start(scripts, brokers=trio.bootstrap, env={"KAFKA_GROUP_ID": group}, config=f"""return {{
            kafka = {{ client_id = "{client}" }}, defaults = {{ delivery = "exactly-once" }},
            routes = {{ ["{self.topics["retries"]}"] = {{ retry = {{ mode = "topic" }} }} }},
        }}\n""")
        self.group, self.workers = group, self.router.workers()
        self.replies = cluster.create_led_topic(unique("replies"), [HERE])
        self.asked = 0

    def led(self, stem: str) -> str:
        return self.cluster.create_led_topic(unique(stem), [AWAY])

    def send(self) -> None:
        for name, outputs in self.outputs.items():
            numbered = [(number, *outputs.message(number)) for number in range(EACH if name != "many topics" else MANY)]
            send_at_once(self.cluster, self.topics[name], [({"n": number} | message, headers(to)) for number, message, to in numbered])

    def assert_others_go_on(self, count: int) -> None:
        """One after the other, each answered before the next is asked."""
        for _ in range(count):
            send_at_once(self.cluster, self.topics["good"], [({"n": self.asked}, headers(self.replies))])
            self.asked += 1
            until(lambda: self.numbers(self.replies) == Counter(range(self.asked)), "the others are answered")

    def numbers(self, topic: str) -> Counter[int]:
        values = [json.loads(record.value) for record in committed_records(self.cluster, topic)]
        return Counter(value["n"] if isinstance(value, dict) else value for value in values)

    def assert_done(self, name: str) -> None:
        topic, outputs = self.topics[name], self.outputs[name]
        until(lambda: self.cluster.committed(self.group, topic) == self.cluster.ends(topic), f"{name}: all is committed", 90)
        for each in outputs.away if name != "retries" else []:
            wanted = EACH if name != "many topics" else sum(number % MANY == outputs.away.index(each) for number in range(MANY))
            found = self.numbers(each.format(topic))
            assert (len(found), found.total()) == (wanted, wanted), (name, each)

    def told(self) -> bool:
        return "transactions_stalled" in self.router.get("/health")[1] and '"event":"output_stalled"' in self.router.log_text()


def headers(to: str | None) -> list:
    return [("correlation-id", new_id()), ("reply-to", to.encode())] if to else []


class Windows:
    """Routes with small windows, each in a group of its own, that all write to one topic."""

    ROUTES = {  # settings, partitions
        "a sequential one": ('ordering = "partition", window = 40', 1),
        "one at a time": ('ordering = "none", concurrency = 1, window = 40', 1),
        "many partitions": ('ordering = "partition", window = 10', 12),
        "by key": ("window = 40, concurrency = 2", 3),
        "exactly once": ('delivery = "exactly-once", ordering = "partition", window = 40', 1),
        "the smallest": ('ordering = "partition", window = 1', 2),
        "at most once": ('delivery = "at-most-once", ordering = "partition", window = 40', 1),
    }
    PAD = 4000
    MOST = 48 * 2**20 // (PAD + 2048) + 1000  # messages that a worker takes while none is settled, see docs/GUARANTEES.md; and a turn's

    def __init__(self, trio: KafkaTrio, cluster: Cluster, scripts: Scripts, start: Callable[..., Router]) -> None:
        self.cluster = cluster
        self.target = cluster.create_led_topic(unique("away"), [AWAY])
        self.groups = {cluster.create_topic(unique("orders"), partitions): named(cluster, "group") for _, partitions in self.ROUTES.values()}
        for topic in self.groups:
            scripts.write(topic, OBEYS)
        routes = [f'["{topic}"] = {{ group_id = "{group}", {settings} }}'
                  for (topic, group), (settings, _) in zip(self.groups.items(), self.ROUTES.values(), strict=True)]
        client = named(cluster, "transaction", f"-{socket.gethostname()}-0")
        config = f"return {{ kafka = {{ client_id = '{client}' }}, routes = {{ {', '.join(routes)} }} }}\n"
        self.router = start(scripts, brokers=trio.bootstrap, config=config)
        self.workers = self.router.workers()
        self.memory = peak_memory(self.workers[0])

    def send(self) -> None:
        for topic in self.groups:
            messages = [({"n": number, "pad": "x" * self.PAD, "publish": [{"to": self.target, "keyed": True}]}, []) for number in range(BACKLOG)]
            send_at_once(self.cluster, topic, messages)

    def received(self) -> int:
        found = re.search(r"_messages_received_total (\d+)", self.router.get("/metrics")[1])
        assert found
        return int(found[1])

    def await_rest(self) -> int:
        """How many it has taken when it takes no more."""
        seen: list[int] = []

        def rests() -> bool:
            seen.append(self.received())
            return len(seen) > STEADY and len(set(seen[-STEADY:])) == 1

        until(rests, "it takes no more", 60, every=0.2)
        return seen[-1]

    def assert_bounded(self) -> None:
        taken = self.await_rest()
        assert taken <= self.MOST < BACKLOG * len(self.groups)
        assert peak_memory(self.workers[0]) < self.memory + MEMORY

    def assert_done(self) -> None:
        for topic, group in self.groups.items():
            until(lambda topic=topic, group=group: self.cluster.committed(group, topic) == self.cluster.ends(topic), f"{topic} is done", 90)
        until(lambda: len(committed_records(self.cluster, self.target)) == BACKLOG * len(self.groups), "all is written", 60)
        assert self.router.workers() == self.workers


@contextlib.contextmanager
def killed(broker: Kafka) -> Iterator[None]:
    broker.kill()
    yield
    broker.start()


@contextlib.contextmanager
def stopped(broker: Kafka) -> Iterator[None]:
    with broker.paused():
        yield


def hold_up(trio: KafkaTrio, cluster: Cluster, away: Callable[[Kafka], contextlib.AbstractContextManager], shop: Shop,
            meanwhile: Callable[[], None] = lambda: None) -> None:
    shop.assert_others_go_on(1)
    with away(trio.broker(AWAY)):
        until(lambda: cluster.leaders(shop.outputs["answers"].away[0]) == [-1], "nobody leads", 60)
        shop.send()
        until(shop.told, "the log and health say so", 20)
        shop.assert_others_go_on(5)
        meanwhile()
        shop.assert_others_go_on(5)
        assert shop.told()
    for name in shop.outputs:
        shop.assert_done(name)
    until(lambda: shop.router.get("/health")[0] == 200, "health is well again", 60)
    assert shop.router.workers() == shop.workers
    assert "producer_fenced" not in shop.router.log_text()


def test_a_broker_that_is_away_holds_up_what_is_for_it_alone(trio: KafkaTrio, trio_cluster: Cluster, tmp_path: Path) -> None:
    begin(trio_cluster)
    with routers_in(tmp_path, trio.brokers[0]) as start:
        hold_up(trio, trio_cluster, killed, Shop(trio, trio_cluster, Scripts(tmp_path / "shop"), start))


@beyond_ci
@pytest.mark.parametrize("away", [killed, stopped])
def test_and_small_windows_hold_no_more_than_a_worker_may(trio: KafkaTrio, trio_cluster: Cluster, tmp_path: Path, away) -> None:
    begin(trio_cluster)
    with routers_in(tmp_path, trio.brokers[0]) as start:
        shop = Shop(trio, trio_cluster, Scripts(tmp_path / "shop"), start)
        windows = Windows(trio, trio_cluster, Scripts(tmp_path / "windows"), start)

        def fill() -> None:
            windows.send()
            windows.assert_bounded()

        hold_up(trio, trio_cluster, away, shop, fill)
        windows.assert_done()
