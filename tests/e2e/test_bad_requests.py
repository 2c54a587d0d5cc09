"""Requests whose answer has no place to go, and correlation ids of a megabyte: an answer or a dead letter each, and the next is answered.

On a broker that makes no topics by itself, as most in production.
"""

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
from broker import Kafka, Settings
from conftest import StartRouter
from support.asker import Asker, Value, new_id
from support.cluster import Cluster, Headers, Record, committed_records, unique
from support.router import Router, Scripts
from support.service import DIALECTS
from support.wait import until

PROBE = """
local router = require "moonroute"
function handleMessage(_, message)
    if message.how == "refuses" then router.fail(404, "not here", "NotFound") end
    if message.how == "raises" then error("it broke") end
    if message.how == "rejects" then router.reject("never") end
    return { fine = message.id or router.null }
end
"""
DELIVERIES = ("at-least-once", "exactly-once", "at-most-once")
MISSING = unique("missing")
CONFIG = """
return {{
    defaults = {{ retry = {{ max = 1, base = 10 }} }},
    routes = {{ {routes} }},
}}
"""

UNDELIVERED = b"the reply cannot be delivered"
HOWS = {"answers": UNDELIVERED, "refuses": UNDELIVERED, "raises": b"it broke", "rejects": b"never", "garbled": b"JSON"}
"""What the handler does, by what the dead letter says."""


def plain(reply_to: str) -> Headers:
    return [("correlation-id", b"id"), ("reply-to", reply_to.encode())]


def kafka_names(reply_to: str, partition: bytes | None = None) -> Headers:
    named: Headers = [] if partition is None else [("kafka_replyPartition", partition)]
    return [("kafka_correlationId", b"id"), ("kafka_replyTopic", reply_to.encode()), *named]


REQUEST_REPLY: Headers = [("message-type", b"request-reply")]
NOWHERE: dict[str, Callable[[str], Headers]] = {
    "kafka-client, illegal": lambda _topic: [*plain("no topic!"), *REQUEST_REPLY],
    "plain, illegal": lambda _topic: plain("a/b"),
    "nestjs, illegal": lambda _topic: kafka_names("..", b"0"),
    "spring, illegal": lambda _topic: kafka_names("x" * 250, b"\x00\x00\x00\x00"),
    "kafka-client, missing": lambda _topic: [*plain(MISSING), *REQUEST_REPLY],
    "plain, missing": lambda _topic: plain(MISSING),
    "nestjs, missing": lambda _topic: kafka_names(MISSING, b"0"),
    "spring, missing": lambda _topic: kafka_names(MISSING),
    "nestjs, beyond the last partition": lambda topic: kafka_names(topic, b"7"),
    "spring, beyond the last partition": lambda topic: kafka_names(topic, b"\x00\x00\x00\x07"),
    "nestjs, no number of a partition": lambda topic: kafka_names(topic, b"2147483648"),
    "spring, below 0": lambda topic: kafka_names(topic, b"\xff\xff\xff\xff"),
    "text abc": lambda topic: kafka_names(topic, b"abc"),
    "3 bytes": lambda topic: kafka_names(topic, b"\x00\x00\x00"),
}


def value_of(place: str, how: str) -> bytes:
    value = json.dumps({"how": how, "place": place}).encode()
    return value[:-1] if how == "garbled" else value


class Here:
    """A router with a route for each delivery, which has been sent all that has nowhere to be answered."""

    def __init__(self, cluster: Cluster, asker: Asker, router: Router, topics: dict[str, str]) -> None:
        self.cluster, self.asker, self.router, self.topics = cluster, asker, router, topics
        for topic in topics.values():
            for place, headers in NOWHERE.items():
                for how in HOWS:
                    asker.send(topic, value_of(place, how), headers(asker.replies))

    def dead(self, delivery: str) -> dict[bytes, Record]:
        """The dead letters by their values; no message may have two."""
        topic = f"{self.topics[delivery]}-dlq"
        records = committed_records(self.cluster, topic) if self.cluster.partitions(topic) else []
        offsets = [record.header("original-offset") for record in records]
        assert len(set(offsets)) == len(offsets), offsets
        return {record.value: record for record in records}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Kafka(Settings(auto_create_topics=False)) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def here(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Here]:
    topics = {delivery: cluster.create_topic(unique(delivery)) for delivery in DELIVERIES}
    for topic in topics.values():
        shared_scripts.write(topic, PROBE)
    routes = ", ".join(f'["{topic}"] = {{ delivery = "{delivery}" }}' for delivery, topic in topics.items())
    router = start_shared_router(shared_scripts, config=CONFIG.format(routes=routes), brokers=cluster.bootstrap,
                                 env={"MOONROUTE_COMMIT_INTERVAL": "100"})
    with contextlib.closing(Asker(cluster)) as asker:
        yield Here(cluster, asker, router, topics)


@pytest.mark.parametrize("place", NOWHERE)
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_request_that_cannot_be_answered_is_one_dead_letter(here: Here, delivery: str, place: str) -> None:
    values = {value_of(place, how): error for how, error in HOWS.items()}
    until(lambda: values.keys() <= here.dead(delivery).keys(), "the dead letters", 40, every=0.2)
    found = here.dead(delivery)
    for value, error in values.items():
        assert error in found[value].header("error")
        assert found[value].headers[:2] == NOWHERE[place](here.asker.replies)[:2]


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_after_all_of_them_nothing_stands(cluster: Cluster, here: Here, asker: Asker, delivery: str) -> None:
    topic = here.topics[delivery]
    assert asker.ask_data(topic, {"id": "behind"}) == {"fine": "behind"}
    cluster.await_committed(here.router.group, topic)
    assert committed_records(cluster, here.asker.replies) == []
    assert MISSING not in cluster.topics()


def headers_with(dialect: str, correlation_id: bytes, reply_to: str) -> Headers:
    own: dict[str, Headers] = {"kafka-client": [*plain(reply_to), *REQUEST_REPLY], "plain": plain(reply_to),
                               "nestjs": kafka_names(reply_to, b"0"), "spring": kafka_names(reply_to, b"\x00\x00\x00\x00")}
    name, _ = own[dialect][0]
    return [(name, correlation_id), *own[dialect][1:]]


def ask(asker: Asker, topic: str, value: Value, headers: Headers) -> Record:
    asker.send(topic, value, headers)
    reply = asker.next_reply()
    assert headers[0] in reply.headers
    return reply


@pytest.mark.parametrize("length", [1_000_000, 1_048_000], ids=["1 MB", "nearly all that a broker takes"])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_correlation_id_of_a_megabyte_is_echoed(here: Here, asker: Asker, delivery: str, dialect: str, length: int) -> None:
    for value in {"id": "long"}, {"how": "refuses"}, b"{half":
        ask(asker, here.topics[delivery], value, headers_with(dialect, bytes([65 + len(dialect)]) * length, asker.replies))


@pytest.mark.parametrize("correlation_id", [b"", bytes(range(256)), b"\x00"], ids=["empty", "binary", "NUL"])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_correlation_id_of_any_bytes_is_echoed_by_success_and_error(here: Here, asker: Asker, delivery: str, dialect: str,
                                                                      correlation_id: bytes) -> None:
    for value in {"id": "odd"}, {"how": "refuses"}, {"how": "raises"}, b"{half":
        ask(asker, here.topics[delivery], value, headers_with(dialect, correlation_id, asker.replies))


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_an_id_for_which_only_the_request_has_room_is_a_dead_letter(cluster: Cluster, here: Here, asker: Asker, delivery: str) -> None:
    """Its reply topic takes less."""
    small = cluster.create_topic(unique("small"), **{"max.message.bytes": "200000"})
    value = json.dumps({"id": unique("small")}).encode()
    long_id = b"".join(new_id() for _ in range(20_000))  # which stays too long when it is compressed
    asker.send(here.topics[delivery], value, headers_with("plain", long_id, small))
    until(lambda: value in here.dead(delivery), "the dead letter", 40)
    assert UNDELIVERED in here.dead(delivery)[value].header("error")
    assert committed_records(cluster, small) == []
    assert asker.ask_data(here.topics[delivery], {"id": "behind"}) == {"fine": "behind"}
