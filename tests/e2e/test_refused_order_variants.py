"""The order of replies and of published records across refused batches, and what those wait for."""

import contextlib
import itertools
import json
import random
from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from conftest import StartRouter
from support.cluster import Cluster, client_properties, committed_records, unique
from support.router import Scripts
from support.variants import beyond_ci
from support.wait import until
from test_batches import ECHO, send_at_once, text_of
from trio import KafkaTrio

pytestmark = pytest.mark.timeout(180)

SMALL = {"max.message.bytes": "50000"}
FEW = 3  # what was right behind the first batch that was refused may be before it
PUBLISH = """
local router = require "moonroute"
function handleMessage(_topic, message) router.publish(message.to or "TARGET", message, { key = "one" }) end
"""


def steps_back(numbers: list[int]) -> int:
    """How often one is before a smaller one."""
    return sum(a > b for a, b in itertools.pairwise(numbers))


@pytest.mark.parametrize("delivery", ["at-least-once", pytest.param("exactly-once", marks=[beyond_ci])])
@pytest.mark.parametrize("partitions", [1, pytest.param(3, marks=[beyond_ci])])
def test_those_of_one_key_stay_in_order(cluster: Cluster, scripts: Scripts, start_router: StartRouter, note: Callable[[str], None], delivery: str,
                                        partitions: int) -> None:
    topic, target = cluster.create_topic(unique("orders")), cluster.create_topic(unique("target"), partitions, **SMALL)
    cluster.create_topic(f"{topic}-dlq")
    scripts.write(topic, PUBLISH.replace("TARGET", target))
    dice = random.Random(2)
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=100))
    for number in range(1000):
        size = dice.choice([10, 100, 1000, 10_000, 20_000, 30_000])
        producer.produce(topic, json.dumps({"number": number, "padding": text_of(size, number)}), b"one")
        producer.poll(0)
    assert producer.flush(60) == 0
    router = start_router(scripts, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}')
    until(lambda: cluster.committed(router.group, topic)[0] >= 1000, "all is committed", 60)
    numbers = [json.loads(record.value)["number"] for record in committed_records(cluster, target)]
    assert sorted(numbers) == list(range(1000))
    note(f"{steps_back(numbers)} steps back")
    assert steps_back(numbers) <= (FEW if delivery == "at-least-once" else 0)
    router.stop()


def test_a_leader_that_is_away_holds_up_no_other_topic_s_refused_ones(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts,
                                                                      start_router: StartRouter) -> None:
    stem = unique("led")
    writing, asked = (trio_cluster.create_led_topic(f"{stem}-{name}", [1, 2, 3]) for name in ("writing", "asked"))
    away, target = trio_cluster.create_led_topic(f"{stem}-away", [3]), trio_cluster.create_led_topic(f"{stem}-target", [1, 2, 3])
    trio_cluster.change(away, min_insync_replicas="1")
    trio_cluster.change(target, max_message_bytes="50000")
    scripts.write(writing, PUBLISH.replace("TARGET", away))
    scripts.write(asked, PUBLISH.replace("TARGET", target))
    router = start_router(scripts, brokers=trio.bootstrap)
    send_at_once(trio_cluster, asked, [({"number": -1}, [])])
    until(lambda: trio_cluster.count(target) == 1, "it is written")
    trio.broker(3).kill()
    until(lambda: trio_cluster.leaders(away) == [-1], "nobody leads", 60)
    send_at_once(trio_cluster, writing, [({"number": number}, []) for number in range(3)])
    send_at_once(trio_cluster, asked, [({"number": number, "padding": text_of(20_000, number)}, []) for number in range(10)])
    until(lambda: trio_cluster.count(target) == 11, "all are written", 20)
    send_at_once(trio_cluster, asked, [({"number": -1}, [])])
    until(lambda: trio_cluster.count(target) == 12, "and the one behind them", 20)
    assert trio_cluster.lag(router.group, writing) == 3
    trio.broker(3).start()
    until(lambda: trio_cluster.lag(router.group, writing) == 0, "all is written", 90)
    assert trio_cluster.count(away) == 3
    router.stop()


class Two:
    """A service that writes to a topic of two partitions, led by brokers 1 and 3, that takes small batches only."""

    def __init__(self, trio: KafkaTrio, cluster: Cluster, scripts: Scripts, start: StartRouter) -> None:
        stem = unique("led")
        self.cluster = cluster
        self.topic = cluster.create_led_topic(f"{stem}-writing", [1, 2, 3])
        self.target = cluster.create_led_topic(f"{stem}-target", [1], [3])
        cluster.change(self.target, max_message_bytes="50000", min_insync_replicas="1")
        scripts.write(self.topic, PUBLISH.replace("TARGET", self.target).replace('key = "one"', "partition = message.number % 2"))
        self.router = start(scripts, brokers=trio.bootstrap)
        self.sent = 0

    def send(self, count: int) -> None:
        messages = [{"number": number, "padding": text_of(20_000, number)} for number in range(self.sent, self.sent + count)]
        self.sent += count
        send_at_once(self.cluster, self.topic, [(message, []) for message in messages])

    def written(self, partition: int) -> list[int]:
        """In the order in which they lie there, those that were repeated once."""
        records = committed_records(self.cluster, self.target)
        return list(dict.fromkeys(json.loads(record.value)["number"] for record in records if record.partition == partition))


@beyond_ci
@pytest.mark.parametrize("stop", [False, True], ids=["", "the router stops"])
def test_a_broker_that_stands_still_amid_refusals_loses_nothing_and_keeps_the_order(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts,
                                                                               start_router: StartRouter, stop: bool) -> None:
    two = Two(trio, trio_cluster, scripts, start_router)
    two.send(2)
    until(lambda: trio_cluster.count(two.target) == 2, "both partitions are written to")
    with trio.broker(3).paused():
        two.send(20)
        until(lambda: trio_cluster.leaders(two.target) == [1, -1], "one has no leader", 60)
        two.send(20)
        scripts.write(two.topic, (scripts.folder / f"{two.topic}.lua").read_text() + "-- anew\n")
        two.router.reload()
        two.send(20)
        if stop:
            two.router.stop(15)
    if stop:
        two.router.start()
    until(lambda: trio_cluster.lag(two.router.group, two.topic) == 0, "all is written", 120)
    until(lambda: trio_cluster.leaders(two.target) == [1, 3], "both are led", 60)
    for partition in (0, 1):
        numbers = two.written(partition)
        assert sorted(numbers) == list(range(partition, two.sent, 2))
        assert steps_back(numbers) <= FEW
    two.router.stop()


@beyond_ci
def test_a_topic_that_is_deleted_amid_refusals_is_not_waited_for(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts,
                                                                start_router: StartRouter) -> None:
    """A partition of it stands still, so what was refused in the other one waits."""
    two = Two(trio, trio_cluster, scripts, start_router)
    two.send(2)
    until(lambda: trio_cluster.count(two.target) == 2, "both partitions are written to")
    trio.broker(3).kill()
    until(lambda: trio_cluster.leaders(two.target) == [1, -1], "one has no leader", 60)
    two.send(40)
    trio_cluster.delete_topic(two.target)
    until(lambda: trio_cluster.lag(two.router.group, two.topic) == 0, "all has an end, dead letters or records of a topic made anew", 150)
    trio.broker(3).start()
    two.router.stop()
