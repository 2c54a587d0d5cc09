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
PUBLISH = """
local router = require "moonroute"
function handleMessage(_topic, message) router.publish(message.to or "TARGET", message, { key = "one" }) end
"""


def displaced(numbers: list[int]) -> int:
    """How far the one that is farthest from its place is from it."""
    return max((abs(place - number) for place, number in enumerate(numbers)), default=0)


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
@pytest.mark.parametrize("partitions", [1, 3])
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
    note(f"displaced by {displaced(numbers)}, {sum(a > b for a, b in itertools.pairwise(numbers))} steps back")
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
    for count in (1, 2):
        send_at_once(trio_cluster, asked, [({"number": number, "padding": text_of(20_000, number)}, []) for number in range(10)])
        until(lambda count=count: trio_cluster.count(target) == 1 + 10 * count, "all are written", 20)
        send_at_once(trio_cluster, asked, [({"number": -1}, [])])
        until(lambda count=count: trio_cluster.count(target) > 1 + 10 * count, "and the one behind them", 20)
        break
    assert trio_cluster.lag(router.group, writing) == 3
    trio.broker(3).start()
    until(lambda: trio_cluster.lag(router.group, writing) == 0, "all is written", 90)
    assert trio_cluster.count(away) == 3
    router.stop()
