"""The dialects nestjs and spring by their wire formats, answered and asked; tests/interop has the real clients."""

import json
import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from conftest import StartRouter
from support.asker import Asker, Value, new_id
from support.cluster import Cluster, Headers, Record, unique
from support.router import Router, Scripts
from support.wait import until

PROBE = """
local router = require "moonroute"
local noise = {} -- which stays long when it is compressed
for i = 1, 300000 do noise[i] = string.char(math.random(48, 122)) end
noise = table.concat(noise)
function handleMessage(_topic, message, _headers, context)
    if type(message) == "table" and message.type == "fail" then router.fail(404, "no such \\"thing\\"", "NotFound") end
    if type(message) == "table" and message.type == "null" then return router.null end
    if type(message) == "table" and message.type == "text" then return message.text end
    if type(message) == "table" and message.type == "long" then return noise end
    return { got = message == nil and router.null or message, kind = type(message), key = context.key }
end
"""
PARTITIONS = 3


class Probe(NamedTuple):
    topic: str
    forced: str  # the same script on a route that forces nestjs
    router: Router


class Replies(NamedTuple):
    """A reply topic of several partitions and who reads it."""

    asker: Asker

    def nest(self, correlation_id: bytes, partition: int | str) -> Headers:
        return [("kafka_correlationId", correlation_id), ("kafka_replyTopic", self.asker.replies.encode()),
                ("kafka_replyPartition", str(partition).encode())]

    def spring(self, correlation_id: bytes, partition: bytes | None) -> Headers:
        named: Headers = [] if partition is None else [("kafka_replyPartition", partition)]
        return [("kafka_correlationId", correlation_id), ("kafka_replyTopic", self.asker.replies.encode()), *named]

    def ask(self, topic: str, value: Value, headers: Headers, key: bytes | None = None) -> Record:
        self.asker.send(topic, value, headers, key)
        reply = self.asker.next_reply()
        assert reply.header("kafka_correlationId") == dict(headers)["kafka_correlationId"]
        return reply


@pytest.fixture(scope="module")
def probe(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Probe]:
    topic, forced = cluster.create_topic(unique("probe")), cluster.create_topic(unique("forced"))
    shared_scripts.write(topic, PROBE)
    shared_scripts.write(forced, PROBE)
    config = f'return {{ defaults = {{ retry = {{ max = 0 }} }}, routes = {{ ["{forced}"] = {{ dialect = "nestjs" }} }} }}'
    yield Probe(topic, forced, start_shared_router(shared_scripts, config=config, env={"MOONROUTE_COMMIT_INTERVAL": "100"}))


@pytest.fixture
def replies(cluster: Cluster) -> Iterator[Replies]:
    asker = Asker(cluster, PARTITIONS)
    yield Replies(asker)
    asker.close()


# nestjs


@pytest.mark.parametrize("partition", range(PARTITIONS))
def test_nestjs_is_answered_on_its_partition_without_a_key(replies: Replies, probe: Probe, partition: int) -> None:
    reply = replies.ask(probe.topic, {"a": [1]}, replies.nest(new_id(), partition), b"a key")
    assert (reply.partition, reply.key) == (partition, None)
    assert json.loads(reply.value) == {"got": {"a": [1]}, "kind": "table", "key": "a key"}
    assert reply.header_names() == ["kafka_correlationId", "kafka_nest-is-disposed"]
    assert reply.header("kafka_nest-is-disposed") == b"\x00"


def test_an_error_in_nestjs_is_a_header_and_a_null_value(replies: Replies, probe: Probe) -> None:
    reply = replies.ask(probe.topic, {"type": "fail"}, replies.nest(new_id(), 1))
    assert (reply.partition, reply.key, reply.value) == (1, None, None)
    assert reply.header_names() == ["kafka_correlationId", "kafka_nest-err", "kafka_nest-is-disposed", "status-code"]
    assert reply.header("kafka_nest-err") == b'{"statusCode":404,"message":"no such \\"thing\\"","error":"NotFound"}'
    assert reply.header("status-code") == b"404"


def test_null_in_nestjs_is_a_null_value(replies: Replies, probe: Probe) -> None:
    reply = replies.ask(probe.topic, {"type": "null"}, replies.nest(new_id(), 0))
    assert reply.value is None
    assert reply.header_names() == ["kafka_correlationId", "kafka_nest-is-disposed"]


@pytest.mark.parametrize("text", ["plain text", "", "42", "say \"so\"", "ž🌕", "{not json"])
def test_strings_are_answered_bare_in_nestjs(replies: Replies, probe: Probe, text: str) -> None:
    reply = replies.ask(probe.topic, {"type": "text", "text": text}, replies.nest(new_id(), 0))
    assert reply.value == text.encode()


@pytest.mark.parametrize(("sent", "got"), [(b"text", "text"), (b"42", "42"), (b"true", "true"), (b" {}", " {}"), (b"", ""),
                                           (b'"quoted"', '"quoted"'), (b"[1]", [1]), (b'{"a":null}', {"a": None}), (None, None)],
                         ids=str)
def test_what_does_not_begin_as_an_object_or_a_list_is_a_string_in_nestjs(replies: Replies, probe: Probe, sent: bytes | None, got: Value) -> None:
    reply = replies.ask(probe.topic, sent, replies.nest(new_id(), 0))
    assert json.loads(reply.value)["got"] == got


def test_a_malformed_object_is_refused_in_nestjs_too(cluster: Cluster, replies: Replies, probe: Probe) -> None:
    reply = replies.ask(probe.topic, b"{text", replies.nest(new_id(), 0))
    assert reply.value is None
    assert json.loads(reply.header("kafka_nest-err"))["statusCode"] == 400
    until(lambda: b"{text" in [dead.value for dead in cluster.records(f"{probe.topic}-dlq")], "the dead letter", 30)


def test_events_on_a_route_that_forces_nestjs_are_read_its_way(cluster: Cluster, replies: Replies, probe: Probe) -> None:
    replies.asker.send(probe.forced, b"just text")
    replies.asker.send(probe.forced, b"{text")
    (dead,) = cluster.await_records(f"{probe.forced}-dlq", 1)
    assert dead.value == b"{text"
    cluster.await_committed(probe.router.group, probe.forced)
    assert cluster.count(f"{probe.forced}-dlq") == 1


# spring


@pytest.mark.parametrize("correlation_id", [bytes(range(16)), b"text", b"\x00", b"x" * 1000], ids=["16 bytes", "text", "NUL", "1000 bytes"])
def test_spring_is_answered_on_its_partition_with_its_key_and_its_id(replies: Replies, probe: Probe, correlation_id: bytes) -> None:
    reply = replies.ask(probe.topic, {"a": 1}, replies.spring(correlation_id, b"\x00\x00\x00\x02"), b"a key")
    assert (reply.partition, reply.key) == (2, b"a key")
    assert reply.header_names() == ["kafka_correlationId"]
    assert json.loads(reply.value) == {"got": {"a": 1}, "kind": "table", "key": "a key"}


def test_spring_without_a_partition_is_answered_on_any(replies: Replies, probe: Probe) -> None:
    assert json.loads(replies.ask(probe.topic, {"a": 1}, replies.spring(bytes(16), None)).value)["got"] == {"a": 1}


def test_an_error_in_spring_is_the_object_of_plain(replies: Replies, probe: Probe) -> None:
    reply = replies.ask(probe.topic, {"type": "fail"}, replies.spring(bytes(16), b"\x00\x00\x00\x00"), b"a key")
    assert json.loads(reply.value) == {"statusCode": 404, "message": 'no such "thing"', "error": "NotFound"}
    assert (reply.key, reply.header_names()) == (b"a key", ["kafka_correlationId", "status-code"])


def test_null_in_spring_is_a_null_value_and_strings_are_json(replies: Replies, probe: Probe) -> None:
    assert replies.ask(probe.topic, {"type": "null"}, replies.spring(bytes(16), None)).value is None
    assert replies.ask(probe.topic, {"type": "text", "text": "a"}, replies.spring(bytes(16), None)).value == b'"a"'


# both


def test_the_names_are_matched_without_regard_to_case_and_written_as_they_are(replies: Replies, probe: Probe) -> None:
    correlation_id = new_id()
    headers = [(name.upper(), value) for name, value in replies.nest(correlation_id, 2)]
    replies.asker.send(probe.topic, {"a": 1}, headers)
    reply = replies.asker.next_reply()
    assert reply.partition == 2
    assert ("kafka_correlationId", correlation_id) in reply.headers


def test_where_both_families_are_there_correlation_id_and_reply_to_win(replies: Replies, probe: Probe) -> None:
    correlation_id = new_id()
    replies.asker.send(probe.topic, {"a": 1}, [*replies.nest(new_id(), 2), *replies.asker.plain(correlation_id)])
    assert replies.asker.reply_to(correlation_id).header("message-type") == b"response"


def test_fire_and_forget_is_an_event_by_these_names_too(cluster: Cluster, replies: Replies, probe: Probe) -> None:
    replies.asker.send(probe.topic, {"a": 1}, [*replies.nest(new_id(), 0), ("message-type", b"fire-and-forget")])
    cluster.await_committed(probe.router.group, probe.topic)
    assert cluster.count(replies.asker.replies) == 0


@pytest.mark.parametrize("correlation_id", [b"", bytes(range(256)), b"x" * 900_000], ids=["empty", "binary", "900 kB"])
@pytest.mark.parametrize("dialect", ["nestjs", "spring", "plain", "kafka-client"])
def test_correlation_ids_of_any_kind_are_echoed(replies: Replies, probe: Probe, dialect: str, correlation_id: bytes) -> None:
    headers = {"nestjs": replies.nest(correlation_id, 1), "spring": replies.spring(correlation_id, b"\x00\x00\x00\x01"),
               "plain": replies.asker.plain(correlation_id), "kafka-client": replies.asker.kafka_client(correlation_id)}[dialect]
    replies.asker.send(probe.topic, {}, headers)
    assert replies.asker.next_reply().header("kafka_correlationId" if dialect in ("nestjs", "spring") else "correlation-id") == correlation_id


def test_an_id_that_leaves_no_room_for_a_reply_is_a_dead_letter(cluster: Cluster, replies: Replies, probe: Probe) -> None:
    value = json.dumps({"type": "long", "id": unique("long")}).encode()
    replies.asker.send(probe.topic, value, replies.spring(os.urandom(900_000), None))
    replies.asker.send(probe.topic, {}, replies.asker.plain(b"next"))
    assert replies.asker.next_reply().header("correlation-id") == b"next"
    until(lambda: value in [dead.value for dead in cluster.records(f"{probe.topic}-dlq")], "the dead letter", 30)


@pytest.mark.parametrize("partition", [b"abc", b"\x00\x00\x01", b"\xff\xff\xff\xff", b"", b"2147483648", b"99999999999999999999",
                                       b"3", b"\x00\x00\x00\x03"],
                         ids=["a word", "3 bytes", "below 0", "nothing", "2^31", "endless", "nestjs, not there", "spring, not there"])
def test_a_partition_that_cannot_be_is_a_dead_letter(cluster: Cluster, replies: Replies, probe: Probe, partition: bytes) -> None:
    value = json.dumps({"id": unique("nowhere")}).encode()
    replies.asker.send(probe.topic, value, replies.spring(new_id(), partition))

    def dead() -> list[Record]:
        return [record for record in cluster.records(f"{probe.topic}-dlq") if record.value == value]

    until(dead, "the dead letter", 30)
    assert b"the reply cannot be delivered" in dead()[0].header("error")
    assert cluster.count(replies.asker.replies) == 0
    cluster.await_committed(probe.router.group, probe.topic)
