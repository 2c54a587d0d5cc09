"""Replies to router.request that are not what they should be: the handler is told, or goes on waiting for its own."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import StartRouter
from support.asker import Asker, Value, encoded, new_id
from support.cluster import Cluster, Headers, unique
from support.router import Router, Scripts
from support.service import DIALECTS, Question
from support.wait import until

ASKING = """
local router = require "moonroute"
local function ask(call)
    local data = router.request(call.to, {}, { dialect = call.dialect, timeout = call.timeout, reply_to = "%s" })
    return { kind = data == router.null and "null" or type(data), data = data }
end
function handleMessage(_, message)
    local heard = router.array {}
    for place, call in ipairs(message) do heard[place] = ask(call) end
    return heard
end
"""
PARTITIONS = 2
COUNTERS = ("rpc_pending", "rpc_timeouts_total", "rpc_late_replies_total")
ENVELOPED, OTHERS = DIALECTS[0], DIALECTS[1:]


def heard(data: Any) -> dict[str, Any]:
    """What the handler makes of a success."""
    kinds = {type(None): "null", dict: "table", list: "table", str: "string", int: "number", bool: "boolean"}
    return {"kind": kinds[type(data)], "data": data}


class Here:
    """A router whose handler asks, and the service that it asks, which is this test."""

    def __init__(self, cluster: Cluster, router: Router, topic: str, responses: str) -> None:
        self.cluster, self.router, self.topic, self.responses = cluster, router, topic, responses

    def counters(self) -> list[int]:
        text = self.router.get("/metrics")[1]
        return [int(line.split()[1]) for name in COUNTERS for line in text.splitlines() if line.startswith(f"moonroute_{name} ")]


@dataclasses.dataclass
class Asked:
    """A message being handled, whose handler asks this test."""

    here: Here
    asker: Asker
    correlation_id: bytes
    served: list[str]  # topics
    dialect: str

    def question(self, place: int = 0) -> Question:
        """What the handler has asked, when it does."""
        (record,) = self.here.cluster.await_records(self.served[place], 1)
        return Question(record, self.dialect)

    def reply(self, value: Value, headers: Headers | None = None, place: int = 0) -> None:
        question = self.question(place)
        self.asker.send(self.here.responses, value, question.headers() if headers is None else headers, partition=question.partition)

    def answer(self, data: Any = "the answer", place: int = 0) -> None:
        self.reply(self.question(place).success(data), place=place)

    def outcome(self) -> Any:
        """What the handler heard, of each it asked; or the error that it was raised."""
        return json.loads(self.asker.reply_to(self.correlation_id).value)

    def heard(self) -> Any:
        (heard,) = self.outcome()
        return heard


Ask = Callable[..., Asked]


@pytest.fixture(scope="module")
def here(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Here:
    topic, responses = cluster.create_topic(unique("asking")), cluster.create_topic(unique("responses"), PARTITIONS)
    shared_scripts.write(topic, ASKING % responses)
    config = f'return {{ defaults = {{ retry = {{ max = 0 }} }}, rpc = {{ response_topics = {{ "{responses}" }} }} }}'
    return Here(cluster, start_shared_router(shared_scripts, config=config, env={"MOONROUTE_COMMIT_INTERVAL": "100"}), topic, responses)


@pytest.fixture
def ask(here: Here, cluster: Cluster, asker: Asker) -> Ask:
    def ask(dialect: str, *, calls: int = 1, timeout: int = 60_000) -> Asked:
        asked = Asked(here, asker, new_id(), [cluster.create_topic(unique("served")) for _ in range(calls)], dialect)
        asker.send(here.topic, [{"to": to, "dialect": dialect, "timeout": timeout} for to in asked.served], asker.plain(asked.correlation_id))
        return asked

    return ask


@dataclasses.dataclass
class Counted:
    timeouts: int = 0
    late: int = 0


@pytest.fixture(autouse=True)
def counted(here: Here, ask: Ask, asker: Asker, cluster: Cluster) -> Iterator[Counted]:
    """After each of these tests the same worker asks and is answered, nothing is open, uncommitted or answered twice, and nothing is
    counted as given up or late but what the test says."""
    workers, before = here.router.workers(), here.counters()
    assert before[0] == 0
    counted = Counted()
    yield counted
    well = ask(ENVELOPED)
    well.answer({"still": "well"})
    assert well.heard() == heard({"still": "well"})
    assert here.router.workers() == workers, "the worker was replaced"
    cluster.await_committed(here.router.group, here.topic)
    ids = [record.header("correlation-id") for record in cluster.records(asker.replies)]
    assert len(set(ids)) == len(ids), "a request was answered twice"
    assert here.counters() == [0, before[1] + counted.timeouts, before[2] + counted.late]


# Values.

NOT_JSON = {"prose": b"not json", "half": b'{"a":', "two values": b"{} {}", "not UTF-8": b'{"a":"\xff"}', "600 levels": b"[" * 600 + b"]" * 600,
            "NaN": b"[NaN]", "NUL bytes": b"\x00\x00", "empty": b""}


def assert_bad(error: dict[str, Any]) -> None:
    assert (error["statusCode"], error["error"]) == (502, "BadReply"), error
    assert error["message"].startswith("Reply is not valid JSON: ")


@pytest.mark.parametrize("value", NOT_JSON.values(), ids=NOT_JSON)
@pytest.mark.parametrize("dialect", ["kafka-client", "plain", "spring"])
def test_a_reply_that_is_not_json_is_raised_as_502(ask: Ask, dialect: str, value: bytes) -> None:
    asked = ask(dialect)
    asked.reply(value)
    assert_bad(asked.outcome())


@pytest.mark.parametrize("value", [b"{half", b"[1,", b'{"a":"\xff"}'], ids=["object", "list", "not UTF-8"])
def test_a_reply_in_nestjs_that_begins_as_json_and_is_none_is_raised_as_502(ask: Ask, value: bytes) -> None:
    asked = ask("nestjs")
    asked.reply(value)
    assert_bad(asked.outcome())


@pytest.mark.parametrize("text", ["not json", "", "42", " {}", "null"])
def test_any_other_reply_in_nestjs_is_a_text(ask: Ask, text: str) -> None:
    asked = ask("nestjs")
    asked.reply(text.encode())
    assert asked.heard() == heard(text)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_reply_without_a_value_is_null(ask: Ask, dialect: str) -> None:
    asked = ask(dialect)
    asked.reply(None)
    assert asked.heard() == heard(None)


@pytest.mark.parametrize("data", [{"a": 1}, [1, [2]], {}, "text", 42, False, None, {"data": 1, "timestamp": 1}, [{"success": False}]], ids=str)
def test_a_reply_without_the_envelope_is_returned_as_it_is(ask: Ask, data: Any) -> None:
    asked = ask(ENVELOPED)
    asked.reply(encoded(data))
    assert asked.heard() == heard(data)


@pytest.mark.parametrize("success", ["true", "false", 1, 0, None, {}, [1]], ids=repr)
def test_an_envelope_whose_success_is_neither_true_nor_false_is_none(ask: Ask, success: Any) -> None:
    asked = ask(ENVELOPED)
    asked.reply({"success": success, "data": 1})
    assert asked.heard() == heard({"success": success, "data": 1})


@pytest.mark.parametrize("dialect", OTHERS)
def test_an_envelope_is_data_like_any_other_where_the_dialect_has_none(ask: Ask, dialect: str) -> None:
    asked = ask(dialect)
    asked.reply({"success": False, "data": 1})
    assert asked.heard() == heard({"success": False, "data": 1})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nearly_a_megabyte_of_reply_with_a_thousand_headers_is_heard(ask: Ask, dialect: str) -> None:
    asked = ask(dialect)
    data = {"text": "x" * 400_000}
    more = [(f"x-{number}", b"y" * 400) for number in range(1000)]
    asked.reply(asked.question().success(data), [*more, *asked.question().headers()])
    assert asked.heard() == heard(data)


# Errors that lack something.

NOBODY = {"statusCode": 500, "message": "Unknown error occurred", "error": "InternalServerError"}


@pytest.mark.parametrize("fields", [{}, {"statusCode": "404", "message": 5, "error": []}, {"statusCode": 404.5}, {"statusCode": 200},
                                    {"statusCode": -1}, {"statusCode": None, "message": None}], ids=str)
def test_an_error_is_an_error_whatever_it_lacks(ask: Ask, fields: dict[str, Any]) -> None:
    asked = ask(ENVELOPED)
    asked.reply({"success": False, **fields})
    assert asked.outcome() == NOBODY


@pytest.mark.parametrize(("value", "message"), [(b'"a text"', "a text"), *((value, NOBODY["message"]) for value in (None, b"7", b"[]"))], ids=str)
@pytest.mark.parametrize("dialect", ["kafka-client", "plain", "spring"])
def test_an_error_by_its_headers_is_one_whatever_its_value(ask: Ask, dialect: str, value: bytes | None, message: str) -> None:
    asked = ask(dialect)
    name = asked.question().id_name
    says = ("status-code", b"404") if dialect == "spring" else ("message-type", b"error")
    asked.reply(value, [(name, asked.question().id), says])
    assert asked.outcome() == NOBODY | {"message": message}


@pytest.mark.parametrize(("error", "message"), [(b"a text", "a text"), (b"", ""), (b"{}", NOBODY["message"]),
                                                (b'{"status":"error","message":"no"}', "no"),
                                                (b'{"message":["a must be","b must be"]}', "a must be, b must be")], ids=str)
def test_an_error_in_nestjs_may_be_any_text_or_object(ask: Ask, error: bytes, message: str) -> None:
    asked = ask("nestjs")
    asked.reply(None, [*asked.question().headers(), ("kafka_nest-err", error)])
    assert asked.outcome() == NOBODY | {"message": message}


def test_an_error_in_nestjs_that_begins_as_an_object_and_is_none_is_raised_as_502(ask: Ask) -> None:
    asked = ask("nestjs")
    asked.reply(None, [*asked.question().headers(), ("kafka_nest-err", b"{half")])
    assert_bad(asked.outcome())


# Whose they are, and when they come.


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_second_reply_is_dropped_and_the_handler_goes_on(ask: Ask, dialect: str) -> None:
    """While it waits for the next one, and once it has ended."""
    asked = ask(dialect, calls=2)
    asked.answer("first")
    asked.answer("first again")
    asked.question(1)
    asked.answer("first once more")
    asked.reply(b"{half")
    asked.answer("second", place=1)
    assert asked.outcome() == [heard("first"), heard("second")]
    asked.answer("too often", place=0)
    asked.answer("too often", place=1)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_late_reply_is_dropped_and_its_asker_has_been_told(ask: Ask, counted: Counted, here: Here, dialect: str) -> None:
    asked = ask(dialect, timeout=300)
    assert asked.outcome() == {"statusCode": 504, "message": "Request timeout after 300ms", "error": "RequestTimeout"}
    late = here.counters()[2]
    asked.answer("late")
    until(lambda: here.counters()[2] == late + 1, "the reply is counted as late")
    counted.timeouts, counted.late = 1, 1


def foreign_ids(own: bytes) -> list[bytes | None]:
    return [new_id(), b"", None, b"\x00", own[:-1], own + b"\x00", own + own, own.upper() + b" ", bytes(range(256)), b"x" * 900_000]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_replies_to_others_are_dropped_unread(ask: Ask, dialect: str) -> None:
    asked = ask(dialect)
    question = asked.question()
    for foreign in foreign_ids(question.id):
        headers: Headers = [(question.id_name, foreign), *question.headers()[1:]]
        asked.reply(question.success("another's"), headers)
        asked.reply(b"{half", headers)
        asked.reply(None, headers)
    for headers in [], question.headers()[1:], [("x-correlation-id", question.id)], [(question.id, question.id_name.encode())]:
        asked.reply(question.success("nobody's"), headers)
    asked.answer("our own")
    assert asked.heard() == heard("our own")


@pytest.mark.parametrize("dialect", ["kafka-client", "plain"])
def test_what_says_that_it_is_no_reply_is_none(ask: Ask, dialect: str) -> None:
    asked = ask(dialect)
    asked.reply(asked.question().success("an event"), [("correlation-id", asked.question().id), ("message-type", b"fire-and-forget")])
    asked.answer("the answer")
    assert asked.heard() == heard("the answer")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_are_matched_without_regard_to_case_in_any_partition(ask: Ask, asker: Asker, here: Here, dialect: str) -> None:
    asked = ask(dialect)
    question = asked.question()
    headers = [(name.upper(), value) for name, value in question.headers()]
    asker.send(here.responses, question.success("found"), headers, partition=PARTITIONS - 1 - max(question.partition, 0))
    assert asked.heard() == heard("found")
