"""At least once, and the leader of an output topic is away: messages that write to it wait, other routes go on at once."""

import contextlib
import time
from collections.abc import Callable

import pytest
from conftest import StartRouter
from confluent_kafka import Producer
from support.asker import Asker
from support.cluster import Cluster, client_properties, unique
from support.router import Scripts
from support.wait import until
from trio import KafkaTrio

WRITE = """
local router = require "moonroute"
function handleMessage(_topic, message) router.publish("TARGET", message) end
"""
ANSWER = "function handleMessage(_topic, message) return message end\n"
FLOOD = 30_000
VALUE = '"' + "x" * 1000 + '"'
MARK = 24 << 20  # bytes of records, with 1 KiB for each besides, at which a worker has too much on its way
PROMPT = 2.0  # seconds for an answer while others wait; there are 0.5 s until the worker knows which

pytestmark = pytest.mark.timeout(240)


def flood(cluster: Cluster, topic: str) -> None:
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=50))
    for _ in range(FLOOD):
        producer.produce(topic, VALUE)
        producer.poll(0)
    assert producer.flush(60) == 0


def slowest_answer(asker: Asker, topic: str, seconds: float) -> float:
    """Asks one after the other for so long."""
    slowest, ends = 0.0, time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.monotonic()
        asker.ask(topic, "well?")
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    return slowest


def test_other_routes_go_on_while_a_leader_is_away(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts, start_router: StartRouter,
                                                   note: Callable[[str], None]) -> None:
    """For longer than a worker has patience with too much on its way, which is 10 s."""
    assert FLOOD * (1024 + len(VALUE)) > 2 * MARK
    stem = unique("led")
    writing, asked = (trio_cluster.create_led_topic(f"{stem}-{name}", [1, 2, 3]) for name in ("writing", "asked"))
    target = trio_cluster.create_led_topic(f"{stem}-target", [3])
    trio_cluster.change(target, min_insync_replicas="1")
    scripts.write(writing, WRITE.replace("TARGET", target))
    scripts.write(asked, ANSWER)
    with contextlib.closing(Asker(trio_cluster)) as asker:
        router = start_router(scripts, brokers=trio.bootstrap)
        workers = router.workers()
        asker.ask(asked, "first")
        trio.broker(3).kill()
        asker.ask(asked, "second")
        flood(trio_cluster, writing)
        slowest = slowest_answer(asker, asked, 15)
        note(f"slowest answer {slowest:.3f} s")
        assert slowest < PROMPT
        assert "output_unacknowledged" in router.log_text()
        trio.broker(3).start()
        until(lambda: trio_cluster.lag(router.group, writing) == 0, "all is written", 90)
    assert trio_cluster.count(target) == FLOOD
    assert "output_acknowledged" in router.log_text()
    assert router.workers() == workers
