"""The kafka-client dialect, asked by kafkajs as an application would."""

import shutil
import time
import uuid
from collections.abc import Iterator

import pytest
from broker import Kafka
from conftest import StartRouter
from support import kafkajs
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.router import ROOT, Scripts

EXAMPLE = "dashboard-bybit-commands"
HEADERS = ["correlation-id", "message-id", "message-type", "timestamp"]


@pytest.fixture(scope="module")
def example(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[str]:
    """The example script that ships with the program, under a topic of these tests' own."""
    topic = cluster.create_topic(unique(EXAMPLE), partitions=3)
    shutil.copy(ROOT / "scripts" / f"{EXAMPLE}.lua", shared_scripts.folder / f"{topic}.lua")
    start_shared_router(shared_scripts)
    yield topic


@pytest.fixture
def ask(kafka: Kafka, cluster: Cluster, example: str):
    """Asks the example by kafkajs, one request or several."""
    replies = cluster.create_topic(unique("dashboard-bybit-responses"))
    return lambda *values, **request: kafkajs.ask(kafka.bootstrap, example, replies, [{"value": value, **request} for value in values])


def assert_ms_of_now(value: object) -> None:
    assert abs(int(value) - time.time() * 1000) < 60_000, f"{value} is not the present in milliseconds"


def assert_headers(reply: dict, more: tuple[str, ...] = ()) -> None:
    """Exactly the headers of the dialect, the key a new UUID that is the message-id, the correlation id that of the request."""
    headers = reply["headers"]
    assert sorted(headers) == sorted([*HEADERS, *more])
    assert headers["correlation-id"] == reply["id"]
    assert headers["message-type"] == "request-reply"
    assert headers["message-id"] == reply["key"]
    assert str(uuid.UUID(reply["key"])) == reply["key"]
    assert reply["key"] != reply["id"]
    assert_ms_of_now(headers["timestamp"])


def test_a_request_gets_success_data_and_timestamp(ask) -> None:
    (reply,) = ask({"type": "GET_BALANCE", "payload": {"accountType": "UNIFIED"}})
    assert sorted(reply["value"]) == ["data", "success", "timestamp"]
    assert reply["value"]["success"] is True
    assert reply["value"]["data"]["accountType"] == "UNIFIED"
    assert_ms_of_now(reply["value"]["timestamp"])
    assert_headers(reply)


def test_an_unknown_command_gets_the_error_form(ask) -> None:
    (reply,) = ask({"type": "MAKE_TEA", "payload": {}})
    assert sorted(reply["value"]) == ["error", "message", "statusCode", "success", "timestamp"]
    assert reply["value"]["success"] is False
    assert reply["value"]["statusCode"] == 400
    assert reply["value"]["error"] == "ValidationError"
    assert "MAKE_TEA" in reply["value"]["message"]
    assert_ms_of_now(reply["value"]["timestamp"])
    assert_headers(reply, ("status-code",))
    assert reply["headers"]["status-code"] == "400"


def test_a_value_that_is_not_json_gets_error_400(ask) -> None:
    (reply,) = ask("{this is not json")
    assert (reply["value"]["success"], reply["value"]["statusCode"]) == (False, 400)
    assert reply["headers"]["status-code"] == "400"


def test_connect_is_answered(ask) -> None:
    (reply,) = ask({"type": "CONNECT", "payload": {}})
    assert reply["value"]["success"] is True


def test_a_batch_over_all_partitions_gets_an_answer_each(ask) -> None:
    replies = ask(*({"type": "GET_BALANCE", "payload": {"accountType": f"account-{n}"}} for n in range(200)))
    assert [reply["value"]["data"]["accountType"] for reply in replies] == [f"account-{n}" for n in range(200)]
    assert len({reply["key"] for reply in replies}) == 200, "every reply has a message id of its own"


def test_unicode_passes_both_ways(ask) -> None:
    (reply,) = ask({"type": "GET_BALANCE", "payload": {"accountType": "žluťoučký кот 🌕 \u0000 \"quoted\""}})
    assert reply["value"]["data"]["accountType"] == "žluťoučký кот 🌕 \u0000 \"quoted\""


def test_a_fire_and_forget_message_gets_no_reply(kafka: Kafka, cluster: Cluster, example: str) -> None:
    replies = cluster.create_topic(unique("responses"))
    value = {"type": "GET_BALANCE", "payload": {"accountType": "UNIFIED"}}
    requests = [{"value": value, "key": "same", "headers": {"message-type": "fire-and-forget"}}, {"value": value, "key": "same"}]
    asked = kafkajs.ask(kafka.bootstrap, example, replies, requests[1:])
    assert "value" in asked[0]
    forgotten, answered = kafkajs.ask(kafka.bootstrap, example, replies, requests, seconds=5)
    assert "value" not in forgotten
    assert "value" in answered
    assert cluster.count(replies) == 2


def test_correlation_ids_of_any_bytes_are_echoed(asker: Asker, example: str) -> None:
    correlation_id = bytes(range(256))
    asker.send(example, {"type": "CONNECT"}, asker.kafka_client(correlation_id), b"key")
    reply = asker.reply_to(correlation_id)
    assert reply.header_names() == HEADERS
    assert reply.key == reply.header("message-id")


def test_header_names_are_matched_without_regard_to_case(asker: Asker, example: str) -> None:
    correlation_id = new_id()
    headers = [("Correlation-ID", correlation_id), ("REPLY-TO", asker.replies.encode()), ("Message-Type", b"request-reply")]
    asker.send(example, {"type": "CONNECT"}, headers)
    assert asker.reply_to(correlation_id).header_names() == HEADERS
