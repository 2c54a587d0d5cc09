"""At most once costs a commit per turn, not one per message: a backlog takes about the time that it takes at least once."""

import re
import time

from conftest import StartRouter
from confluent_kafka import Producer
from support.cluster import Cluster, client_properties, unique
from support.router import Router, Scripts
from support.wait import until

BACKLOG = 30_000
PARTITIONS = 4
RUNS = 3  # of which the quickest counts
NOISE = 3  # 2 is what is wanted in quiet
HANDLER = "function handleMessage() end\n"


def fill(cluster: Cluster, topic: str) -> None:
    producer = Producer(client_properties(cluster.bootstrap, linger_ms=20))
    for number in range(BACKLOG):
        producer.produce(topic, b'{"n":%d}' % number, partition=number % PARTITIONS)
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(30) == 0


def processed(router: Router, topic: str) -> int:
    found = re.search(rf'_messages_processed_total\{{topic="{topic}",status="success"\}} (\d+)', router.get("/metrics")[1])
    return int(found[1]) if found else 0


def seconds(cluster: Cluster, scripts: Scripts, start_router: StartRouter, delivery: str) -> float:
    """From the first message that is seen to be handled to the last one."""
    topic = cluster.create_topic(unique("orders"), PARTITIONS)
    fill(cluster, topic)
    scripts.write(topic, HANDLER)
    router = start_router(scripts, config=f'return {{ defaults = {{ delivery = "{delivery}" }} }}\n')
    until(lambda: processed(router, topic) > 0, "it has begun", every=0)
    begun = time.monotonic()
    until(lambda: processed(router, topic) == BACKLOG, "all are handled", 60, every=0.01)
    took = time.monotonic() - begun
    cluster.await_committed(router.group, topic)
    router.stop()
    scripts.remove(topic)
    return took


def test_a_backlog_takes_about_as_long_as_at_least_once(cluster: Cluster, scripts: Scripts, start_router: StartRouter, note) -> None:
    runs = [tuple(seconds(cluster, scripts, start_router, delivery) for delivery in ("at-most-once", "at-least-once")) for _ in range(RUNS)]
    once, more = (min(times) for times in zip(*runs, strict=True))
    note(f"{BACKLOG} messages took {once:.2f} s at most once, {more:.2f} s at least once")
    assert once < NOISE * more + 0.5
