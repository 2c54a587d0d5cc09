"""The plain dialect, by kcat and confluent-kafka: keys, headers, and what makes a message a request."""

import json
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from broker import Kafka
from conftest import StartRouter
from support import kcat
from support.asker import Asker, new_id
from support.cluster import Cluster, Headers, unique
from support.router import Router, Scripts

PROBE = """
local function hex(bytes)
    return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

function handleMessage(topic, message, headers, context)
    if message.type == "fail" then
        error { statusCode = 422, message = "cannot do that", error = "Unprocessable" }
    elseif message.type == "header" then
        return { value = headers[message.name] and hex(headers[message.name]) }
    elseif message.type == "count" then
        local count = 0
        for _ in pairs(headers) do count = count + 1 end
        return { headers = count, list = #context.headers }
    elseif message.type == "list" then
        local list = {}
        for _, pair in ipairs(context.headers) do
            if pair[1] == message.name then list[#list + 1] = hex(pair[2]) end
        end
        return { list = list }
    end
    return { topic = topic, echo = message.echo }
end
"""


class Probe(NamedTuple):
    topic: str
    router: Router


@pytest.fixture(scope="module")
def probe(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Probe]:
    topic = cluster.create_topic(unique("probe"))
    shared_scripts.write(topic, PROBE)
    yield Probe(topic, start_shared_router(shared_scripts, env={"MOONROUTE_COMMIT_INTERVAL": "100"}))


def assert_events(cluster: Cluster, asker: Asker, probe: Probe, messages: list[Headers]) -> None:
    """Sends a message with each set of headers, and sees that none is answered once the router is through with them."""
    for headers in messages:
        asker.send(probe.topic, {"echo": "event"}, headers)
    assert asker.ask_data(probe.topic, {"echo": "request"})["echo"] == "request"
    cluster.await_committed(probe.router.group, probe.topic)
    assert cluster.count(asker.replies) == 1, cluster.records(asker.replies)


def test_kcat_gets_the_result_under_its_own_key(kafka: Kafka, cluster: Cluster, probe: Probe) -> None:
    replies = cluster.create_topic(unique("replies"))
    headers = [("correlation-id", "kcat-1"), ("reply-to", replies)]
    kcat.send(kafka.bootstrap, probe.topic, '{"echo":[1,2,3]}', key="a key", headers=headers)
    (reply,) = kcat.read(kafka.bootstrap, replies, 1)
    assert reply["key"] == "a key"
    assert json.loads(reply["payload"]) == {"topic": probe.topic, "echo": [1, 2, 3]}
    found = kcat.header_pairs(reply)
    assert sorted(found) == ["correlation-id", "message-type", "timestamp"]
    assert (found["correlation-id"], found["message-type"]) == ("kcat-1", "response")
    assert abs(int(found["timestamp"]) - time.time() * 1000) < 60_000


def test_kcat_gets_the_error_form(kafka: Kafka, cluster: Cluster, probe: Probe) -> None:
    replies = cluster.create_topic(unique("replies"))
    headers = [("correlation-id", "kcat-2"), ("reply-to", replies)]
    kcat.send(kafka.bootstrap, probe.topic, '{"type":"fail"}', key="a key", headers=headers)
    (reply,) = kcat.read(kafka.bootstrap, replies, 1)
    assert reply["key"] == "a key"
    assert json.loads(reply["payload"]) == {"statusCode": 422, "message": "cannot do that", "error": "Unprocessable"}
    found = kcat.header_pairs(reply)
    assert sorted(found) == ["correlation-id", "message-type", "status-code", "timestamp"]
    assert (found["message-type"], found["status-code"]) == ("error", "422")


def test_a_request_without_a_key_is_answered_without_one(asker: Asker, probe: Probe) -> None:
    assert asker.ask(probe.topic, {"echo": 1}).key is None


def test_a_key_of_any_bytes_comes_back(asker: Asker, probe: Probe) -> None:
    key = bytes(reversed(range(256)))
    assert asker.ask(probe.topic, {"echo": 1}, key).key == key


@pytest.mark.parametrize("correlation_id", [bytes(range(256)), b"\x00", b"\x00\x00\x00\x2a", b"\xff\xfe", b"x" * 5000, "ž🌕".encode()],
                         ids=["every byte", "one NUL", "an integer", "not UTF-8", "5000 bytes", "UTF-8"])
def test_correlation_ids_are_echoed_byte_for_byte(asker: Asker, probe: Probe, correlation_id: bytes) -> None:
    asker.send(probe.topic, {"echo": 1}, asker.plain(correlation_id))
    assert asker.next_reply().header("correlation-id") == correlation_id


def test_another_message_type_is_still_a_plain_request(asker: Asker, probe: Probe) -> None:
    reply = asker.ask(probe.topic, {"echo": 1}, headers=[("message-type", b"something-else")])
    assert reply.header("message-type") == b"response"
    assert json.loads(reply.value)["echo"] == 1


def test_messages_without_reply_headers_are_events(cluster: Cluster, asker: Asker, probe: Probe) -> None:
    only_id: Headers = [("correlation-id", new_id())]
    only_topic: Headers = [("reply-to", asker.replies.encode())]
    assert_events(cluster, asker, probe, [[], only_id, only_topic])


def test_fire_and_forget_is_an_event_whatever_else_it_carries(cluster: Cluster, asker: Asker, probe: Probe) -> None:
    headers = [*asker.plain(new_id()), ("message-type", b"fire-and-forget")]
    shouting = [(name.upper(), value) for name, value in headers]
    assert_events(cluster, asker, probe, [headers, shouting])


def test_header_names_are_matched_without_regard_to_case(asker: Asker, probe: Probe) -> None:
    correlation_id = new_id()
    asker.send(probe.topic, {"echo": 1}, [("CORRELATION-ID", correlation_id), ("Reply-To", asker.replies.encode())])
    assert asker.reply_to(correlation_id).header_names() == ["correlation-id", "message-type", "timestamp"]


def test_handlers_see_header_names_as_sent(asker: Asker, probe: Probe) -> None:
    reply = asker.ask(probe.topic, {"type": "header", "name": "X-Trace"}, headers=[("X-Trace", b"abc")])
    assert json.loads(reply.value) == {"value": "616263"}


def test_of_a_repeated_header_handlers_see_the_last_and_the_list_has_all(asker: Asker, probe: Probe) -> None:
    headers: Headers = [("x-trace", b"first"), ("x-trace", b"second"), ("x-trace", b"\x00\xff")]
    last = asker.ask(probe.topic, {"type": "header", "name": "x-trace"}, headers=headers)
    assert json.loads(last.value) == {"value": "00ff"}
    everything = asker.ask(probe.topic, {"type": "list", "name": "x-trace"}, headers=headers)
    assert json.loads(everything.value) == {"list": [b"first".hex(), b"second".hex(), "00ff"]}


def test_binary_and_empty_and_null_headers_do_no_harm(asker: Asker, probe: Probe) -> None:
    headers: Headers = [("x-binary", bytes(range(256))), ("x-empty", b""), ("x-null", None), ("ž🌕", b"name")]
    reply = asker.ask(probe.topic, {"type": "header", "name": "x-binary"}, headers=headers)
    assert json.loads(reply.value) == {"value": bytes(range(256)).hex()}


def test_200_headers_are_all_seen(asker: Asker, probe: Probe) -> None:
    headers: Headers = [(f"x-{number}", str(number).encode() * 10) for number in range(200)]
    reply = asker.ask(probe.topic, {"type": "count"}, headers=headers)
    assert json.loads(reply.value) == {"headers": 202, "list": 202}


def test_a_null_reply_to_or_correlation_id_harms_nobody(cluster: Cluster, asker: Asker, probe: Probe) -> None:
    asker.send(probe.topic, {"echo": 1}, [("correlation-id", None), ("reply-to", asker.replies.encode())])
    asker.send(probe.topic, {"echo": 1}, [("correlation-id", new_id()), ("reply-to", None)])
    assert asker.ask_data(probe.topic, {"echo": 2})["echo"] == 2
    cluster.await_committed(probe.router.group, probe.topic)


def test_replies_go_to_the_topic_each_request_names(cluster: Cluster, asker: Asker, probe: Probe) -> None:
    topics = [cluster.create_topic(unique(f"replies-{number}")) for number in range(5)]
    for topic in topics:
        asker.send(probe.topic, {"echo": topic}, [("correlation-id", topic.encode()), ("reply-to", topic.encode())])
    for topic in topics:
        (reply,) = cluster.await_records(topic, 1)
        assert json.loads(reply.value)["echo"] == topic
        assert reply.header("correlation-id") == topic.encode()
