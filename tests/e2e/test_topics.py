"""Dead-letter, retry and response topics: created where they are missing, and never taken by a pattern."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from broker import Kafka, Settings
from confluent_kafka import Producer
from conftest import StartRouter
from support.cluster import Cluster, client_properties, unique
from support.router import Router, Scripts
from support.wait import until

IDLE = "function handleMessage() end\n"


@contextlib.contextmanager
def kafka_of(settings: Settings) -> Iterator[Cluster]:
    with Kafka(settings) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def strict() -> Iterator[Cluster]:
    """A broker that creates nothing because it is asked for it."""
    with kafka_of(Settings(auto_create_topics=False)) as cluster:
        yield cluster


def await_partitions(cluster: Cluster, topic: str, count: int) -> None:
    until(lambda: topic in cluster.topics(), f"topic {topic} is there", 30)
    assert len(cluster.partitions(topic)) == count


def send(cluster: Cluster, topic: str, value: str) -> None:
    producer = Producer(client_properties(cluster.bootstrap, message_max_bytes=2000000))
    producer.produce(topic, value)
    assert producer.flush(15) == 0


def events(router: Router, event: str) -> list[dict[str, Any]]:
    return [line for line in router.log() if line["event"] == event]


def test_dead_letter_and_retry_topics_get_the_partitions_of_their_source(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    """The broker creates topics when they are asked for, with one partition: it must not be asked."""
    stem = unique("orders")
    cluster.create_topic(f"{stem}-commands", partitions=3, **{"max.message.bytes": "2000000"})
    other = cluster.create_topic(unique("other"), partitions=2)
    scripts.write(f"{stem}-commands", IDLE)
    scripts.write(other, IDLE)
    config = f'return {{ routes = {{ ["{stem}-commands"] = {{ retry = {{ mode = "topic" }} }} }} }}\n'
    start_router(scripts, config=config, workers=3)
    await_partitions(cluster, f"{stem}-dlq", 3)
    await_partitions(cluster, f"{stem}-commands-retry", 3)
    await_partitions(cluster, f"{other}-dlq", 2)
    assert f"{other}-retry" not in cluster.topics(), "its retries stay in their partition"
    for created in (f"{stem}-dlq", f"{stem}-commands-retry"):
        assert int(cluster.setting(created, "max.message.bytes")) == 2000000 + 65536


def test_workers_that_create_the_same_topics_do_not_mind(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = strict.create_topic(unique("orders"), partitions=2)
    scripts.write(topic, IDLE)
    router = start_router(scripts, brokers=strict.bootstrap, workers=4)
    await_partitions(strict, f"{topic}-dlq", 2)
    until(lambda: events(router, "topic_created"), "the log says who created it")
    router.stop()
    assert len(events(router, "topic_created")) == 1
    assert not events(router, "topic_not_created")


def test_a_source_that_comes_later_gets_its_dead_letter_topic(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = unique("late")
    scripts.write(topic, IDLE)
    router = start_router(scripts, brokers=strict.bootstrap, ready=False)
    router.await_log("broker_reachable")
    strict.create_topic(topic, partitions=2)
    await_partitions(strict, f"{topic}-dlq", 2)


def test_without_create_topics_nothing_is_created_and_that_is_said(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic, answers = cluster.create_topic(unique("orders")), unique("answers")
    scripts.write(topic, IDLE)
    config = f'return {{ create_topics = false, rpc = {{ response_topics = {{ "{answers}" }} }} }}\n'
    router = start_router(scripts, config=config, workers=2)
    router.await_log("topic_missing")
    router.await_log("response_topic_unavailable")
    missing = events(router, "topic_missing")
    assert [(line["topic"], line["for"], line["level"]) for line in missing] == [(f"{topic}-dlq", topic, "warn")]
    assert "_topics_missing 1\n" in router.get("/metrics")[1]
    assert router.ready()
    assert not {f"{topic}-dlq", answers} & cluster.topics()
    cluster.create_topic(f"{topic}-dlq")
    until(lambda: "_topics_missing 0\n" in router.get("/metrics")[1], "the router has seen that it is there", 40)


def test_what_cannot_be_created_is_said_and_tried_again(scripts: Scripts, start_router: StartRouter) -> None:
    """One broker cannot hold three replicas, which it takes for the default."""
    with kafka_of(Settings(auto_create_topics=False, properties={"default.replication.factor": "3"})) as cluster:
        topic = cluster.create_topic(unique("orders"), replicas=1)
        scripts.write(topic, IDLE)
        router = start_router(scripts, brokers=cluster.bootstrap, workers=2)
        router.await_log("topic_not_created")
        first = events(router, "topic_not_created")
        assert [(line["topic"], line["for"]) for line in first] == [(f"{topic}-dlq", topic)]
        assert "replica" in first[0]["message"].lower()
        send(cluster, topic, "{}")
        cluster.await_committed(router.group, topic)  # it serves on
        assert router.get("/health")[0] == 200
        cluster.create_topic(f"{topic}-dlq", replicas=1)
        until(lambda: "_topics_missing 0\n" in router.get("/metrics")[1], "the router has seen that it is there", 40)
        assert len(events(router, "topic_not_created")) == 1


HEARD = """
    local router = require "moonroute"
    function handleMessage(topic) router.publish("%s", { topic = topic }) end
"""


def test_a_pattern_takes_no_topics_beside_those_it_serves(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    stem, heard = unique("orders"), cluster.create_topic(unique("heard"))
    beside = [cluster.create_topic(f"{stem}.a-{kind}") for kind in ("dlq", "retry", "responses")]
    own = cluster.create_topic(f"{stem}.b-dlq")
    scripts.write("all", HEARD % heard)
    scripts.write(own, HEARD % heard)
    config = f"""return {{ defaults = {{ retry = {{ mode = "topic" }} }},
                             routes = {{ ["^{stem}[.]"] = {{ script = "all.lua" }} }} }}\n"""
    router = start_router(scripts, config=config)
    served = cluster.create_topic(f"{stem}.a-commands")  # begins to match while the router runs
    for topic in [*beside, own, served]:
        send(cluster, topic, "{}")
    records = cluster.await_records(heard, 2)
    assert sorted(json.loads(record.value or b"")["topic"] for record in records) == [served, own]
    await_partitions(cluster, f"{stem}.a-dlq", 1)
    await_partitions(cluster, f"{stem}.a-commands-retry", 1)
    router.stop()
    assert [sum(cluster.committed(router.group, topic).values()) for topic in [*beside, own, served]] == [0, 0, 0, 1, 1]
    assert cluster.count(heard) == 2


def test_a_topic_that_begins_to_match_gets_its_dead_letter_topic(cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    stem, heard = unique("orders"), cluster.create_topic(unique("heard"))
    scripts.write("all", HEARD % heard)
    start_router(scripts, config=f'return {{ routes = {{ ["^{stem}[.]"] = {{ script = "all.lua" }} }} }}\n', workers=2)
    topic = cluster.create_topic(f"{stem}.new", partitions=3)
    await_partitions(cluster, f"{stem}.new-dlq", 3)
    send(cluster, topic, "{}")
    assert [record.value for record in cluster.await_records(heard, 1)] == [json.dumps({"topic": topic}, separators=(",", ":")).encode()]


def test_a_pattern_lets_go_of_a_topic_that_is_deleted(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    """With nothing left that matches, and with nothing to begin with, the router is ready all the same."""
    stem = unique("orders")
    scripts.write("all", IDLE)
    config = f'return {{ routes = {{ ["^{stem}[.]"] = {{ script = "all.lua" }} }} }}\n'
    router = start_router(scripts, brokers=strict.bootstrap, config=config)
    topic = strict.create_topic(f"{stem}.new")
    until(lambda: strict.assigned(router.group) == {(topic, 0)}, "the router reads it", 40)
    strict.delete_topic(topic)
    until(lambda: not strict.assigned(router.group), "the router has let go of it", 40)
    assert topic not in strict.topics()
    assert router.ready()


def test_a_message_as_large_as_brokers_take_can_be_passed_on_with_more_headers(
        cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    source, target = cluster.create_topic(unique("large")), cluster.create_topic(unique("larger"), **{"max.message.bytes": "1200000"})
    scripts.write(source, f"""
        local router = require "moonroute"
        function handleMessage(_topic, message) router.publish("{target}", message, {{ headers = {{ more = ("x"):rep(60000) }} }}) end
    """)
    value = "v" * 1048000
    send(cluster, source, value)
    start_router(scripts, config=f'return {{ routes = {{ ["{source}"] = {{ codec = "raw" }} }} }}\n')
    assert json.loads(cluster.await_records(target, 1)[0].value or b"") == value


def test_a_pattern_takes_no_internal_topics(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    stem = unique("all")
    topic = strict.create_topic(f"{stem}-orders")
    scripts.write("all", "function handleMessage(topic) require('moonroute').log.info('handled', { of = topic }) end\n")
    router = start_router(scripts, brokers=strict.bootstrap,
                          config='return { routes = { ["^.*"] = { script = "all.lua" } } }\n')
    await_partitions(strict, f"{stem}-orders-dlq", 1)
    send(strict, topic, "{}")
    strict.await_committed(router.group, topic)
    assert "__consumer_offsets" in strict.topics()
    router.stop()
    assert not [name for name in strict.topics() if name.startswith("__") and name.endswith("-dlq")]
    assert not [name for name, _ in strict.assigned(router.group) if name.startswith("__")]
    assert "__consumer_offsets" not in router.log_text()


def test_a_dead_letter_topic_that_is_deleted_is_created_again(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    stem = unique("orders")
    topic = strict.create_topic(f"{stem}-commands", partitions=2)
    scripts.write(topic, 'function handleMessage() error { retryable = false, message = "no" } end\n')
    router = start_router(scripts, brokers=strict.bootstrap)
    await_partitions(strict, f"{stem}-dlq", 2)
    send(strict, topic, '"first"')
    strict.await_records(f"{stem}-dlq", 1)
    strict.delete_topic(f"{stem}-dlq")
    until(lambda: f"{stem}-dlq" not in strict.topics(), "it is gone")
    send(strict, topic, '"second"')
    await_partitions(strict, f"{stem}-dlq", 2)
    (letter,) = strict.await_records(f"{stem}-dlq", 1, 60)
    assert letter.value == b'"second"'
    until(lambda: router.get("/health")[0] == 200, "it goes on", 30)
    router.stop()
