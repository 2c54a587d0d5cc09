"""What handlers can do and what becomes of what they return and raise, on a real Kafka."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.router import Router, Scripts
from support.wait import until

# One handler a message type; what a handler needs to know is in the message.
WORKSHOP = """
local router = require "moonroute"
local seen = 0
counter = 0                       -- a global of this script alone
local handlers = {}

function handlers.echo(message) return message.value end
function handlers.nothing() return nil end
function handlers.null() return router.null end
function handlers.extra() return { fine = true }, { ["x-trace"] = "abc", ["x-number"] = "7" } end
function handlers.array() return { empty = router.array {}, table = {}, list = { 1, 2, 3 } } end

function handlers.raise_string() error("the string that was raised") end
function handlers.raise_empty() error {} end
function handlers.raise_number() error { statusCode = 418 } end
function handlers.raise_status(message) error { statusCode = message.statusCode, message = "odd", error = "Odd" } end
function handlers.fail() router.fail(404, "no such order", "NotFound") end
function handlers.reject() router.reject("never again") end
function handlers.runtime_error(message) return message.absent.field end
function handlers.undefined_global() return no_such_global end

function handlers.publish(message)
    router.publish(message.to, message.value, message.options)
    return { published = true }
end
function handlers.publish_caught(message)
    local value = message.cyclic and {} or 1
    if message.cyclic then value.itself = value end
    local ok, problem = pcall(router.publish, message.to, value)
    return { ok = ok, problem = tostring(problem) }
end
function handlers.relay(message)
    local data, headers = router.request(message.to, message.value, message.options)
    return { data = data, type = headers["message-type"], status = headers["status-code"] }
end
function handlers.relay_caught(message)
    local ok, problem = pcall(router.request, message.to, message.value, message.options)
    return { ok = ok, problem = problem }
end
function handlers.sleep(message)
    local before = router.now()
    router.sleep(message.ms)
    return { slept = router.now() - before }
end
function handlers.globals()
    counter = counter + 1
    seen = seen + 1
    return { counter = counter, seen = seen }
end
function handlers.sandbox()
    local found = {}
    for _, name in ipairs { "io", "ffi", "debug", "dofile", "loadfile" } do
        if pcall(function() return assert(_G[name]) end) then found[#found + 1] = name end
    end
    for _, name in ipairs { "execute", "exit", "getenv" } do
        if os[name] then found[#found + 1] = "os." .. name end
    end
    return { found = table.concat(found, " "), frozen = not pcall(function() string.rep = nil end) }
end
function handlers.tools() return { uuid = router.uuid(), now = router.now(), env = router.env("E2E_PLAIN") } end

function handleMessage(topic, message, _headers, context)
    if message.type == "context" then
        return {
            topic = topic, partition = context.partition, offset = context.offset, key = context.key, attempt = context.attempt,
            timestamp = context.timestamp, raw = context.raw, correlation_id = context.correlation_id, reply_to = context.reply_to,
            deadline = context.deadline,
        }
    end
    return handlers[message.type](message)
end
"""

# Answers requests in the kafka-client dialect for the workshop's router.request.
SERVICE = """
function handleMessage(_topic, message, headers)
    if message.type == "fail" then error { statusCode = 409, message = "already there", error = "Conflict" } end
    if message.type == "silence" then return nil end
    return { got = message, type = headers["message-type"], has_id = headers["correlation-id"] ~= nil, trace = headers["x-trace"] }
end
"""


class World(NamedTuple):
    workshop: str
    service: str  # a topic that ends in -commands
    router: Router


@pytest.fixture(scope="module")
def world(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[World]:
    workshop = cluster.create_topic(unique("workshop"))
    service = cluster.create_topic(unique("service-commands"))
    cluster.create_topic(service.replace("-commands", "-responses"))
    shared_scripts.write(workshop, WORKSHOP)
    shared_scripts.write(service, SERVICE)
    yield World(workshop, service, start_shared_router(shared_scripts, env={"E2E_PLAIN": "from the environment"}))


# Returned values.


@pytest.mark.parametrize("value", [1, -7, 0.5, "text", True, False, [1, 2, 3], {"a": {"b": [None, "c"]}}, "ž🌕\u0000"],
                         ids=lambda value: json.dumps(value))
def test_a_returned_value_is_the_reply(asker: Asker, world: World, value: object) -> None:
    assert asker.ask_data(world.workshop, {"type": "echo", "value": value}) == value


def test_router_null_is_the_plain_value_null(asker: Asker, world: World) -> None:
    reply = asker.ask(world.workshop, {"type": "null"})
    assert reply.value == b"null"
    assert reply.header("message-type") == b"response"


def test_router_null_is_data_null_in_the_envelope(asker: Asker, world: World) -> None:
    correlation_id = new_id()
    asker.send(world.workshop, {"type": "null"}, asker.kafka_client(correlation_id))
    envelope = json.loads(asker.reply_to(correlation_id).value)
    assert sorted(envelope) == ["data", "success", "timestamp"]
    assert (envelope["success"], envelope["data"]) == (True, None)


def test_nil_is_no_reply(cluster: Cluster, asker: Asker, world: World) -> None:
    asker.send(world.workshop, {"type": "nothing"}, asker.plain(new_id()))
    asker.send(world.workshop, {"type": "nothing"}, asker.kafka_client(new_id()))
    assert asker.ask_data(world.workshop, {"type": "echo", "value": 1}) == 1
    cluster.await_committed(world.router.group, world.workshop)
    assert cluster.count(asker.replies) == 1


def test_a_second_returned_table_is_added_to_the_headers(asker: Asker, world: World) -> None:
    reply = asker.ask(world.workshop, {"type": "extra"})
    assert reply.header_names() == ["correlation-id", "message-type", "timestamp", "x-number", "x-trace"]
    assert (reply.header("x-trace"), reply.header("x-number")) == (b"abc", b"7")


def test_empty_tables_are_objects_and_router_array_makes_arrays(asker: Asker, world: World) -> None:
    assert asker.ask_data(world.workshop, {"type": "array"}) == {"empty": [], "table": {}, "list": [1, 2, 3]}


def test_the_context_tells_where_the_message_came_from(cluster: Cluster, asker: Asker, world: World) -> None:
    offset = cluster.count(world.workshop)
    before = time.time() * 1000
    correlation_id = new_id()
    value = {"type": "context"}
    asker.send(world.workshop, value, asker.plain(correlation_id), b"the key")
    context = json.loads(asker.reply_to(correlation_id).value)
    assert abs(context.pop("timestamp") - before) < 10_000
    assert abs(context.pop("deadline") - before - 30_000) < 10_000, "30 seconds by default"
    assert context == {
        "topic": world.workshop, "partition": 0, "offset": offset, "key": "the key", "attempt": 1, "raw": json.dumps(value),
        "correlation_id": correlation_id.decode(), "reply_to": asker.replies,
    }


# Raised errors.


def test_a_raised_string_is_error_500(asker: Asker, world: World) -> None:
    error = asker.ask_error(world.workshop, {"type": "raise_string"})
    assert (error["statusCode"], error["error"]) == (500, "InternalServerError")
    assert "the string that was raised" in error["message"]


def test_a_runtime_error_is_error_500_and_logged_with_its_place(cluster: Cluster, asker: Asker, world: World) -> None:
    offset = cluster.count(world.workshop)
    error = asker.ask_error(world.workshop, {"type": "runtime_error"})
    assert (error["statusCode"], error["error"]) == (500, "InternalServerError")
    line = 1 + WORKSHOP[:WORKSHOP.index("message.absent.field")].count("\n")

    def logged() -> bool:
        return any(f"{world.workshop}.lua:{line}" in json.dumps(entry) and entry.get("offset") == offset for entry in world.router.log())

    until(logged, f"a log entry with {world.workshop}.lua:{line} and offset {offset}")


def test_a_raised_status_alone_has_the_defaults_for_the_rest(asker: Asker, world: World) -> None:
    assert asker.ask_error(world.workshop, {"type": "raise_number"}) == {
        "statusCode": 418, "message": "Unknown error occurred", "error": "InternalServerError"}


def test_an_empty_table_has_the_defaults(asker: Asker, world: World) -> None:
    assert asker.ask_error(world.workshop, {"type": "raise_empty"}) == {
        "statusCode": 500, "message": "Unknown error occurred", "error": "InternalServerError"}


@pytest.mark.parametrize(("raised", "counted"), [(400, 400), (599, 599), (399, 500), (600, 500), (200, 500), (404.5, 500), ("404", 500)])
def test_a_status_that_is_no_whole_number_of_400_to_599_counts_as_500(asker: Asker, world: World, raised: object, counted: int) -> None:
    error = asker.ask_error(world.workshop, {"type": "raise_status", "statusCode": raised})
    assert error == {"statusCode": counted, "message": "odd", "error": "Odd"}


def test_router_fail_names_status_message_and_error(asker: Asker, world: World) -> None:
    assert asker.ask_error(world.workshop, {"type": "fail"}) == {"statusCode": 404, "message": "no such order", "error": "NotFound"}


def test_router_reject_is_error_500_for_a_request(asker: Asker, world: World) -> None:
    error = asker.ask_error(world.workshop, {"type": "reject"})
    assert error["statusCode"] == 500
    assert "never again" in error["message"]


def test_reading_an_undefined_global_names_it(asker: Asker, world: World) -> None:
    error = asker.ask_error(world.workshop, {"type": "undefined_global"})
    assert error["statusCode"] == 500
    assert "no_such_global" in error["message"]


def test_an_event_that_fails_does_not_stop_the_partition(cluster: Cluster, asker: Asker, world: World) -> None:
    asker.send(world.workshop, {"type": "fail"})
    asker.send(world.workshop, {"type": "nothing"})
    assert asker.ask_data(world.workshop, {"type": "echo", "value": 1}) == 1
    cluster.await_committed(world.router.group, world.workshop, seconds=60)


# The sandbox.


def test_scripts_have_no_way_out_and_cannot_change_the_library(asker: Asker, world: World) -> None:
    assert asker.ask_data(world.workshop, {"type": "sandbox"}) == {"found": "", "frozen": True}


def test_a_script_keeps_its_own_globals(asker: Asker, world: World) -> None:
    first = asker.ask_data(world.workshop, {"type": "globals"})
    second = asker.ask_data(world.workshop, {"type": "globals"})
    assert second == {name: count + 1 for name, count in first.items()}


def test_uuid_now_and_env(asker: Asker, world: World) -> None:
    tools = asker.ask_data(world.workshop, {"type": "tools"})
    assert str(uuid.UUID(tools["uuid"])) == tools["uuid"]
    assert abs(tools["now"] - time.time() * 1000) < 10_000
    assert tools["env"] == "from the environment"


# router.publish.


def test_publish_sends_key_headers_partition_and_timestamp(cluster: Cluster, asker: Asker, world: World) -> None:
    target = cluster.create_topic(unique("published"), partitions=3)
    options = {"key": "k-1", "headers": {"x-one": "1"}, "partition": 2, "timestamp": 1700000000123}
    asker.ask_data(world.workshop, {"type": "publish", "to": target, "value": {"id": 5, "list": []}, "options": options})
    (record,) = cluster.await_records(target, 1)
    assert (record.partition, record.key) == (2, b"k-1")
    assert record.header("x-one") == b"1"
    assert json.loads(record.value)["id"] == 5


@pytest.mark.parametrize(("value", "key"), [({"id": "a"}, b"a"), ({"messageId": "b"}, b"b"), ({"id": "a", "messageId": "b"}, b"a"),
                                            ({"x": 1}, None), ("text", None)],
                         ids=["id", "messageId", "both", "neither", "no table"])
def test_publish_takes_its_key_from_the_value_where_none_is_given(cluster: Cluster, asker: Asker, world: World, value: object,
                                                                  key: bytes | None) -> None:
    target = cluster.create_topic(unique("published"))
    asker.ask_data(world.workshop, {"type": "publish", "to": target, "value": value})
    (record,) = cluster.await_records(target, 1)
    assert record.key == key
    assert json.loads(record.value) == value


@pytest.mark.parametrize("target", ["no such topic!", "", "x" * 250, ".", ".."])
def test_publishing_to_an_impossible_topic_raises_at_once(asker: Asker, world: World, target: str) -> None:
    outcome = asker.ask_data(world.workshop, {"type": "publish_caught", "to": target})
    assert outcome["ok"] is False
    assert outcome["problem"]


def test_publishing_an_impossible_value_raises_at_once(cluster: Cluster, asker: Asker, world: World) -> None:
    target = cluster.create_topic(unique("published"))
    outcome = asker.ask_data(world.workshop, {"type": "publish_caught", "to": target, "cyclic": True})
    assert outcome["ok"] is False
    assert "router.publish" in outcome["problem"]
    assert cluster.count(target) == 0


# router.request.


def test_a_script_asks_another_service_and_gets_its_data(asker: Asker, world: World) -> None:
    outcome = asker.ask_data(world.workshop, {"type": "relay", "to": world.service, "value": {"n": 7}, "options": {"headers": {"x-trace": "t1"}}})
    assert outcome["data"] == {"got": {"n": 7}, "type": "request-reply", "has_id": True, "trace": "t1"}
    assert outcome["type"] == "request-reply"


def test_the_request_itself_has_the_form_of_the_dialect(cluster: Cluster, asker: Asker, world: World) -> None:
    target = cluster.create_topic(unique("listened-commands"))
    cluster.create_topic(target.replace("-commands", "-responses"))
    asker.ask_data(world.workshop, {"type": "relay_caught", "to": target, "value": {"n": 1}, "options": {"timeout": 2000}})
    (request,) = cluster.await_records(target, 1)
    assert request.key == request.header("correlation-id")
    assert str(uuid.UUID(request.key.decode())) == request.key.decode()
    assert request.header("message-type") == b"request-reply"
    assert request.header("reply-to") == target.replace("-commands", "-responses").encode()
    assert abs(int(request.header("timestamp")) - time.time() * 1000) < 60_000


def test_an_error_reply_is_raised_with_its_fields(asker: Asker, world: World) -> None:
    outcome = asker.ask_data(world.workshop, {"type": "relay_caught", "to": world.service, "value": {"type": "fail"}})
    assert outcome["ok"] is False
    problem = outcome["problem"]
    assert (problem["statusCode"], problem["message"], problem["error"]) == (409, "already there", "Conflict")


def test_an_error_reply_that_is_not_caught_becomes_the_error_of_the_asker(asker: Asker, world: World) -> None:
    error = asker.ask_error(world.workshop, {"type": "relay", "to": world.service, "value": {"type": "fail"}})
    assert error == {"statusCode": 409, "message": "already there", "error": "Conflict"}


def test_no_reply_in_time_is_504(asker: Asker, world: World) -> None:
    started = time.monotonic()
    error = asker.ask_error(world.workshop, {"type": "relay", "to": world.service, "value": {"type": "silence"}, "options": {"timeout": 300}})
    assert error == {"statusCode": 504, "message": "Request timeout after 300ms", "error": "RequestTimeout"}
    assert time.monotonic() - started < 10


def test_asking_a_service_that_is_not_there_times_out_and_harms_nobody(asker: Asker, world: World) -> None:
    error = asker.ask_error(world.workshop, {"type": "relay", "to": unique("nobody-commands"), "value": {}, "options": {"timeout": 1000}})
    assert (error["statusCode"], error["error"]) == (504, "RequestTimeout")


def test_the_inbox_listens_to_a_topic_that_was_not_there_before(cluster: Cluster, asker: Asker, world: World) -> None:
    replies = unique("late-responses")
    request = {"type": "relay", "to": world.service, "value": {"n": 1}, "options": {"reply_to": replies, "timeout": 20000}}
    assert asker.ask_data(world.workshop, request)["data"]["got"] == {"n": 1}
    assert cluster.count(replies) == 1


def test_500_handlers_ask_at_once_and_each_gets_its_own_answer(asker: Asker, world: World) -> None:
    wanted = {}
    for number in range(500):
        wanted[new_id()] = number
    for correlation_id, number in wanted.items():
        value = {"type": "relay", "to": world.service, "value": {"n": number}}
        asker.send(world.workshop, value, asker.plain(correlation_id), correlation_id)
    got = {}
    while len(got) < len(wanted):
        reply = asker.next_reply()
        got[reply.header("correlation-id")] = json.loads(reply.value)["data"]["got"]["n"]
    assert got == wanted


# router.sleep.


def test_a_handler_can_sleep(asker: Asker, world: World) -> None:
    slept = asker.ask_data(world.workshop, {"type": "sleep", "ms": 200})["slept"]
    assert 199 <= slept < 5000


def test_sleeping_handlers_do_not_keep_others_from_running(asker: Asker, world: World) -> None:
    ids = [new_id() for _ in range(30)]
    started = time.monotonic()
    for correlation_id in ids:
        asker.send(world.workshop, {"type": "sleep", "ms": 500}, asker.plain(correlation_id), correlation_id)
    answered = {asker.next_reply().header("correlation-id") for _ in ids}
    assert answered == set(ids)
    assert time.monotonic() - started < 30 * 0.5 / 2, "one after another they would take 15 seconds"
