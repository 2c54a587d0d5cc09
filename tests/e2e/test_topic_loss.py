"""Topics that are deleted, or deleted and created again, under a router that serves them."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from broker import Kafka, Settings
from confluent_kafka import TopicPartition
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, committed_records, unique
from support.router import Router, Scripts
from support.wait import until

ECHO = "function handleMessage(_topic, message) return message end\n"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def strict() -> Iterator[Cluster]:
    """A broker that creates nothing because it is asked for it."""
    with Kafka(Settings(auto_create_topics=False)) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster


@pytest.fixture
def strict_asker(strict: Cluster) -> Iterator[Asker]:
    with contextlib.closing(Asker(strict)) as asker:
        yield asker


def events(router: Router, event: str) -> list[dict[str, Any]]:
    return [line for line in router.log() if line["event"] == event]


def delete(cluster: Cluster, topic: str) -> None:
    cluster.delete_topic(topic)
    until(lambda: topic not in cluster.topics(), f"{topic} is gone")


def test_a_script_whose_topic_is_gone_can_be_removed(strict: Cluster, strict_asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    """Its group ends in the background, and the others are served."""
    old, kept = (strict.create_topic(unique(stem), partitions=2) for stem in ("old-commands", "kept-commands"))
    for topic in (old, kept):
        scripts.write(topic, ECHO)
    config = f'return {{ routes = {{ ["{old}"] = {{ group_id = "{old}" }} }} }}\n'
    router = start_router(scripts, config=config, brokers=strict.bootstrap)
    for topic in (old, kept):
        assert strict_asker.ask_data(topic, {"n": 1}) == {"n": 1}
    processes = [router.pid, *router.workers()]
    delete(strict, old)
    until(lambda: strict.assigned(old) == set(), "the group has no partition", 60)
    (router.folder / "moonroute.lua").write_text("return {}\n")
    scripts.remove(old)
    router.reload()
    router.await_log('"event":"reload_done"')
    for number in range(20):
        assert strict_asker.ask_data(kept, {"n": number}) == {"n": number}
    assert [router.pid, *router.workers()] == processes
    router.stop(5)


def test_a_router_whose_topic_is_gone_stops_at_once(strict: Cluster, strict_asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic = strict.create_topic(unique("orders"), partitions=2)
    scripts.write(topic, ECHO)
    router = start_router(scripts, brokers=strict.bootstrap)
    assert strict_asker.ask_data(topic, {"n": 1}) == {"n": 1}
    delete(strict, topic)
    router.stop(5)


def test_an_offset_of_a_partition_that_is_gone_delays_no_stop(strict: Cluster, strict_asker: Asker, scripts: Scripts,
                                                              start_router: StartRouter) -> None:
    """The handler ends during the stop, and its offset can never be committed: that is clear within seconds, not after shutdown_timeout."""
    topic, seen = strict.create_topic(unique("orders"), partitions=3), strict.create_topic(unique("seen"))
    scripts.write(topic, SLEEPER % seen)
    router = start_router(scripts, brokers=strict.bootstrap)
    strict_asker.send(topic, {"n": 1, "sleep": 2000}, partition=2)
    until(lambda: "_messages_in_flight 1\n" in router.get("/metrics")[1], "it sleeps")
    delete(strict, topic)
    strict.create_topic(topic, partitions=1)
    router.stop(8)


SLEEPER = """
local router = require "moonroute"
function handleMessage(_topic, message)
    if message.sleep then router.sleep(message.sleep) end
    router.publish("%s", message)
    return message
end
"""
DELIVERIES = ("at-least-once", "exactly-once", "at-most-once")


def numbers(cluster: Cluster, topic: str) -> list[int]:
    """What the handlers published and a reader of committed records sees."""
    return [json.loads(record.value)["n"] for record in committed_records(cluster, topic)]


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("partitions", [3, 1], ids=["the-same", "fewer"])
def test_a_topic_that_is_created_again_is_served_from_its_beginning(strict: Cluster, strict_asker: Asker, scripts: Scripts,
                                                                   start_router: StartRouter, delivery: str, partitions: int) -> None:
    """While a handler of the one before sleeps, with smaller offsets: nobody dies, everything new is handled and committed."""
    topic, seen = strict.create_topic(unique("orders"), partitions=3), strict.create_topic(unique("seen"))
    scripts.write(topic, SLEEPER % seen)
    config = f"""return {{ commit_interval = 100, defaults = {{ delivery = "{delivery}" }},
        kafka = {{ properties = {{ ["topic.metadata.refresh.interval.ms"] = 500 }} }} }}\n"""
    router = start_router(scripts, config=config, brokers=strict.bootstrap)
    processes = [router.pid, *router.workers()]
    for n in range(20):
        strict_asker.send(topic, {"n": n}, partition=0)
    until(lambda: len(numbers(strict, seen)) == 20, "all are handled")
    strict.await_committed(router.group, topic)
    strict_asker.send(topic, {"n": 100, "sleep": 4000}, partition=0)
    until(lambda: "_messages_in_flight 1\n" in router.get("/metrics")[1], "it sleeps")
    delete(strict, topic)
    strict.create_topic(topic, partitions=partitions)
    for n in range(200, 205):
        strict_asker.send(topic, {"n": n}, partition=0)
    until(lambda: set(numbers(strict, seen)) >= set(range(200, 205)), "the new ones are handled", 60)
    until(lambda: "_messages_in_flight 0\n" in router.get("/metrics")[1], "all have ended")
    until(lambda: strict.committed(router.group, topic).get(0) == 5, "the new ones are committed, the old one is not", 30)
    assert [n for n in numbers(strict, seen) if n >= 200] == list(range(200, 205))
    assert [router.pid, *router.workers()] == processes
    router.stop(8)


def test_offsets_that_are_set_back_while_nobody_serves_are_handled_again(strict: Cluster, strict_asker: Asker, scripts: Scripts,
                                                                        start_router: StartRouter) -> None:
    topic, seen = strict.create_topic(unique("orders")), strict.create_topic(unique("seen"))
    scripts.write(topic, SLEEPER % seen)
    router = start_router(scripts, brokers=strict.bootstrap)
    for n in range(10):
        strict_asker.send(topic, {"n": n})
    strict.await_committed(router.group, topic)
    router.stop()
    setter = strict.reader(router.group)
    setter.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
    setter.close()
    router.start()
    strict.await_committed(router.group, topic)
    assert numbers(strict, seen) == [*range(10), *range(4, 10)]


def test_records_deleted_under_a_router_that_has_not_read_them_are_passed_over(strict: Cluster, strict_asker: Asker, scripts: Scripts,
                                                                              start_router: StartRouter) -> None:
    topic, seen = strict.create_topic(unique("orders")), strict.create_topic(unique("seen"))
    scripts.write(topic, SLEEPER % seen)
    router = start_router(scripts, brokers=strict.bootstrap)
    for n in range(10):
        strict_asker.send(topic, {"n": n})
    strict.await_committed(router.group, topic)
    router.stop()
    for n in range(10, 20):
        strict_asker.send(topic, {"n": n})
    until(lambda: strict.count(topic) == 20, "they are written")
    strict.delete_records(topic, {0: 15})
    router.start()
    strict.await_committed(router.group, topic)
    assert numbers(strict, seen) == [*range(10), *range(15, 20)]
