"""What people and programs get wrong: the router says so and goes on."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.router import Router, Scripts, moonroute

ODD = """
local router = require "moonroute"
local odd = {}

function odd.a_function() return function() end end
function odd.a_coroutine() return { x = coroutine.create(function() end) } end
function odd.a_cycle() local t = { list = {} } t.list[1] = t return t end
function odd.not_a_number() return { x = 0 / 0 } end
function odd.infinity() return { x = { 1 / 0 } } end
function odd.mixed_keys() return { 1, 2, x = 3 } end
function odd.not_utf8() return { text = "\\255\\254" } end
function odd.huge() return { text = ("x"):rep(3 * 1024 * 1024) } end
function odd.odd_headers() return { fine = true }, { [1] = function() end } end

function handleMessage(_topic, message, _headers, context)
    if type(message) == "table" and odd[message.type] then return odd[message.type]() end
    if message == nil then return { seen = "nil" } end
    if message == router.null then return { seen = "null" } end
    if message.measure then return { length = #message.measure, raw = #context.raw, tail = message.measure:sub(-3) } end
    return { seen = message }
end
"""


class Odd(NamedTuple):
    topic: str
    router: Router


@pytest.fixture(scope="module")
def odd(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Odd]:
    topic = cluster.create_topic(unique("odd"))
    shared_scripts.write(topic, ODD)
    yield Odd(topic, start_shared_router(shared_scripts, env={"MOONROUTE_COMMIT_INTERVAL": "100"}))


@pytest.fixture(autouse=True)
def still_well(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each of these tests the same worker goes on and answers, and nothing is left uncommitted."""
    if "odd" not in request.fixturenames:
        yield
        return
    odd, asker, cluster = (request.getfixturevalue(name) for name in ("odd", "asker", "cluster"))
    workers = odd.router.workers()
    yield
    assert asker.ask_data(odd.topic, {"still": "well"}) == {"seen": {"still": "well"}}
    assert odd.router.workers() == workers, "the worker was replaced"
    cluster.await_committed(odd.router.group, odd.topic, seconds=60)


# Messages.


@pytest.mark.parametrize("value", [b"this is not json", b"{", b'{"a":1,}', b"{} {}", b'{"a":"\xff\xfe"}', b"\x00\x00\x00\x00", b"[" * 600 + b"]" * 600,
                                   b"nul", b"'single'", b'"\x01"', b'"a\nb"', b"NaN", b""],
                         ids=["prose", "half", "trailing comma", "two values", "not UTF-8", "NUL bytes", "600 levels", "half a null",
                              "single quotes", "control character", "line end in a string", "NaN", "empty"])
def test_a_request_that_is_not_json_gets_error_400(asker: Asker, odd: Odd, value: bytes) -> None:
    assert asker.ask_error(odd.topic, value)["statusCode"] == 400


@pytest.mark.parametrize("value", [b"this is not json", b"", b"\x00" * 100], ids=["prose", "empty", "NUL bytes"])
def test_an_event_that_is_not_json_does_not_stop_the_partition(asker: Asker, odd: Odd, value: bytes) -> None:
    asker.send(odd.topic, value)


def test_a_null_value_is_nil_to_the_handler(asker: Asker, odd: Odd) -> None:
    assert asker.ask_data(odd.topic, None) == {"seen": "nil"}


def test_the_json_null_is_router_null_to_the_handler(asker: Asker, odd: Odd) -> None:
    assert asker.ask_data(odd.topic, b"null") == {"seen": "null"}


def test_a_message_of_nearly_a_megabyte_is_handled(asker: Asker, odd: Odd) -> None:
    value = {"measure": "x" * 900_000 + "end"}
    assert asker.ask_data(odd.topic, value) == {"length": 900_003, "raw": len(json.dumps(value)), "tail": "end"}


def test_nul_bytes_inside_strings_survive(asker: Asker, odd: Odd) -> None:
    assert asker.ask_data(odd.topic, {"text": "a\x00b", "n\x00me": 1}) == {"seen": {"text": "a\x00b", "n\x00me": 1}}


def test_keys_of_nul_bytes_and_a_megabyte_of_headers_do_no_harm(asker: Asker, odd: Odd) -> None:
    headers = [(f"x-{number}", b"\x00" * 1000) for number in range(800)]
    assert asker.ask(odd.topic, {"a": 1}, key=b"\x00" * 1000, headers=headers).key == b"\x00" * 1000


# Replies.


@pytest.mark.parametrize("reply_to", [b"no such topic, ever", b"x" * 250, b"", b".", b"..", b"a/b", b"\x00\x01", b"\xff\xfe", b"a\x00b"],
                         ids=["spaces", "too long", "empty", "dot", "dots", "slash", "control bytes", "not UTF-8", "NUL inside"])
def test_a_reply_to_that_cannot_be_a_topic_harms_only_itself(asker: Asker, odd: Odd, reply_to: bytes) -> None:
    for dialect in [], [("message-type", b"request-reply")]:
        asker.send(odd.topic, {"a": 1}, [("correlation-id", new_id()), ("reply-to", reply_to), *dialect])


def test_a_reply_that_is_larger_than_kafka_takes_harms_only_itself(asker: Asker, odd: Odd) -> None:
    asker.send(odd.topic, {"type": "huge"}, asker.plain(new_id()))


@pytest.mark.parametrize("kind", ["a_function", "a_coroutine", "a_cycle", "not_a_number", "infinity", "not_utf8",
                                  "mixed_keys"])
def test_a_returned_value_that_is_no_json_is_error_500(asker: Asker, odd: Odd, kind: str) -> None:
    error = asker.ask_error(odd.topic, {"type": kind})
    assert (error["statusCode"], error["error"]) == (500, "InternalServerError")


@pytest.mark.parametrize(("kind", "path"), [("a_coroutine", "x"), ("a_cycle", "list"), ("not_a_number", "x"), ("infinity", "x"),
                                            ("not_utf8", "text")])
def test_such_an_error_names_the_path(asker: Asker, odd: Odd, kind: str, path: str) -> None:
    words = re.split(r"[^a-z0-9_]+", asker.ask_error(odd.topic, {"type": kind})["message"])
    assert path in words


def test_returned_headers_that_are_none_are_error_500(asker: Asker, odd: Odd) -> None:
    assert asker.ask_error(odd.topic, {"type": "odd_headers"})["statusCode"] == 500


# Scripts: `run` ends with 65 and names the place. No broker is asked: the scripts are read first.

GOOD = "function handleMessage() return 1 end\n"
SYNTAX_ERROR = "local x = 1\nfunction handleMessage()\n    return ((\nend\n"


def run_with(scripts: Scripts):
    return moonroute("run", "--scripts", str(scripts.folder), "--admin", "127.0.0.1:0", "--brokers", "127.0.0.1:1", folder=scripts.folder)


def test_a_script_with_a_syntax_error_ends_run_with_65_and_the_line(scripts: Scripts) -> None:
    scripts.write("good", GOOD)
    scripts.write("orders", SYNTAX_ERROR)
    done = run_with(scripts)
    assert done.returncode == 65, done.stderr
    assert "orders.lua:4:" in done.stderr


def test_a_script_without_handle_message_ends_run_with_65(scripts: Scripts) -> None:
    scripts.write("orders", "local function handle_message() end\nreturn handle_message\n")
    done = run_with(scripts)
    assert done.returncode == 65, done.stderr
    assert "orders.lua" in done.stderr
    assert "handleMessage" in done.stderr


def test_a_script_that_raises_at_load_ends_run_with_65_and_the_line(scripts: Scripts) -> None:
    scripts.write("orders", 'function handleMessage() end\n\nerror("not in the mood")\n')
    done = run_with(scripts)
    assert done.returncode == 65, done.stderr
    assert "orders.lua:3:" in done.stderr
    assert "not in the mood" in done.stderr


def test_a_script_whose_on_load_raises_ends_run_with_65(scripts: Scripts) -> None:
    scripts.write("orders", 'function handleMessage() end\nfunction onLoad()\n    error("no table")\nend\n')
    done = run_with(scripts)
    assert done.returncode == 65, done.stderr
    assert "orders.lua:3:" in done.stderr


@pytest.mark.parametrize("text", ["", "\x00\x01\x02", "\x1bLJ\x02", "return 1, 2, 3", "handleMessage = 7\n", "\ufeffreturn"],
                         ids=["empty", "binary", "bytecode", "values", "a number", "byte order mark"])
def test_a_file_that_is_no_script_ends_run_with_65_and_its_name(scripts: Scripts, text: str) -> None:
    scripts.write("orders", text)
    done = run_with(scripts)
    assert done.returncode == 65, done.stderr
    assert "orders.lua" in done.stderr


def test_all_scripts_that_do_not_load_are_told_at_once(scripts: Scripts) -> None:
    scripts.write("first", SYNTAX_ERROR)
    scripts.write("second", SYNTAX_ERROR)
    done = run_with(scripts)
    assert done.returncode == 65
    assert "first.lua:4:" in done.stderr
    assert "second.lua:4:" in done.stderr
