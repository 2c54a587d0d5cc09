"""JSON is lossless: what a handler passes through comes out as it went in; what is none is refused with its place."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from broker import Kafka
from conftest import StartRouter
from support import kcat
from support.asker import Asker
from support.cluster import Cluster, unique
from support.router import Router, Scripts

ECHO = "function handleMessage(_topic, message) return message end\n"

ARRAYS_AND_OBJECTS = ["[]", "{}", "[[]]", "[{}]", '{"a":[]}', '{"a":{}}', '{"a":[[],{},[[]]]}', "[null]", '{"a":null}', "[[],[],{}]",
                      '{"":""}', '{"":{"":[]}}', "[true,false,null]", "[" * 512 + "]" * 512, '{"a":' * 511 + "{}" + "}" * 511,
                      "[" + "0," * 10_000 + "0]"]
NUMBERS = ["0", "-0", "1", "-1", "1234567890123456", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
           "9223372036854775806", "9223372036854775807", "9223372036854775808", "-9223372036854775807", "-9223372036854775808",
           '{"id":1234567890123456789}', "0.1", "-0.5", "64250.5", "0.30000000000000004", "1e-7", "5e-324", "-5e-324", "1e300",
           "2.2250738585072014e-308", "1.7976931348623157e308", "-1.7976931348623157e308", "3.141592653589793", "[0.1,1e22,-7]"]
STRINGS = ['""', '" "', '["",""]', r'"\"\\/\b\f\n\r\t"', r'"\u0000"', r'"\u0001\u001f"', '"\x7f"', '"é"', '"€"', '"😀"', '"\uffff"',
           '"\U0010ffff"', '"\u2028\u2029"', '{"é":"€"}', r'{"a\"b":1}', '"' + "x" * 990_000 + '"', '"' + "😀é€" * 100_000 + '"',
           '"' + r"\n" * 400_000 + '"', '{"' + "n" * 10_000 + '":1}']
SAME = ["true", "false", *ARRAYS_AND_OBJECTS, *NUMBERS, *STRINGS]

# Written otherwise than the router writes them: the same value, and of the same kind.
OTHERWISE = {"1.0": "1", "1E2": "100", "-0.0": "-0", r'"\/"': '"/"', r'"\ud83d\ude00\u00e9"': '"😀é"', ' [ 1 , { "a" : [ ] } ] ': '[1,{"a":[]}]',
             '{"a":1,"a":[]}': '{"a":[]}'}

ESCAPES = r"expected one of the escapes \" \\ \/ \b \f \n \r \t \u"
INVALID = [
    (b"", "byte 1: expected a value"), (b" \n", "byte 3: expected a value"), (b"\x00", "byte 1: expected a value"),
    (b"\xef\xbb\xbf{}", "byte 1: expected a value, not a byte order mark"), (b"nul", "byte 1: expected a value"), (b"True", "byte 1: expected a value"),
    (b"NaN", "byte 1: expected a value"), (b"-Infinity", "byte 2: expected a digit"), (b"'a'", "byte 1: expected a value"),
    (b"]", "byte 1: expected a value"), (b"[// no\n1]", "byte 2: expected a value"), (b"\xff", "byte 1: expected a value"),
    # What is behind a value.
    (b"{} {}", "byte 4: expected the end"), (b"{}\x00", "byte 3: expected the end"), (b"nullx", "byte 5: expected the end"),
    # Objects and arrays.
    (b"{", "byte 2: expected a name or '}'"), (b"{a:1}", "byte 2: expected a name or '}'"), (b"{1:1}", "byte 2: expected a name or '}'"),
    (b'{"a" 1}', "byte 6: expected ':'"), (b'{"a":}', "byte 6: expected a value"), (b'{"a":1', "byte 7: expected ',' or '}'"),
    (b'{"a":1,}', "byte 8: expected a name"), (b'{"type":"PLACE" "x":1}', "byte 17: expected ',' or '}'"), (b'{"a":1]', "byte 7: expected ',' or '}'"),
    (b"[", "byte 2: expected a value"), (b"[1 2]", "byte 4: expected ',' or ']'"), (b"[1,]", "byte 4: expected a value"), (b"[,1]", "byte 2: expected a value"),
    (b"[" * 513, "byte 513: more than 512 levels"), (b'{"a":' * 100_000, "byte 2561: more than 512 levels"),
    # Numbers.
    (b"-", "byte 2: expected a digit"), (b"+1", "byte 1: expected a value"), (b".5", "byte 1: expected a value"), (b"1.", "byte 3: expected a digit"),
    (b"1e+", "byte 4: expected a digit"), (b"01", "byte 2: expected the end"), (b"0x10", "byte 2: expected the end"),
    (b"[1e999]", "byte 2: a number out of range"),
    # Strings.
    (b'"a', "byte 3: expected '\"'"), (rb'"\x41"', f"byte 2: {ESCAPES}"), (rb'"\u12G4"', "byte 6: expected a hexadecimal digit"),
    (rb'"\ud800"', "byte 8: expected the second half of a surrogate pair"),
    (rb'"a\udc00"', "byte 3: expected the first half of a surrogate pair before this one"),
    (b'"a\nb"', "byte 3 is a control character"), (b'"a\x00b"', "byte 3 is a control character"), (b'"\xff"', "byte 2 is not UTF-8"),
    (b'"\xed\xa0\x80"', "byte 2 is not UTF-8"), (b'"\xc0\x80"', "byte 2 is not UTF-8"), (b'"\xf4\x90\x80\x80"', "byte 2 is not UTF-8"),
    (b'"' + b"x" * 900_000, "byte 900002: expected '\"'")]


class Echo(NamedTuple):
    topic: str
    kafka: Kafka
    router: Router


@pytest.fixture(scope="module")
def echo(kafka: Kafka, cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Echo]:
    topic = cluster.create_topic(unique("echo"))
    shared_scripts.write(topic, ECHO)
    yield Echo(topic, kafka, start_shared_router(shared_scripts))


def echoed(echo: Echo, cluster: Cluster, texts: list[str]) -> list[str]:
    """The replies to these requests: kcat sends each line as a message, and those of a key are answered in their order."""
    replies = cluster.create_topic(unique("replies"))
    kcat.send(echo.kafka.bootstrap, echo.topic, "\n".join(texts), key="one", headers=[("correlation-id", "c"), ("reply-to", replies)])
    return [record["payload"] for record in kcat.read(echo.kafka.bootstrap, replies, len(texts))]


def test_sixty_nasty_values_come_back_byte_for_byte(echo: Echo, cluster: Cluster) -> None:
    assert len(SAME) >= 60
    for sent, got in zip(SAME, echoed(echo, cluster, SAME), strict=True):
        assert got == sent, f"{sent[:80]} came back as {got[:80]}"


def test_what_is_written_otherwise_comes_back_as_the_same_value(echo: Echo, cluster: Cluster) -> None:
    assert echoed(echo, cluster, list(OTHERWISE)) == list(OTHERWISE.values())


def test_the_json_null_comes_back_as_null(echo: Echo, cluster: Cluster) -> None:
    assert echoed(echo, cluster, ["null"]) == ["null"]


def test_forty_requests_that_are_no_json_are_told_the_byte_by_the_same_worker(asker: Asker, echo: Echo) -> None:
    workers = echo.router.workers()
    assert len({value for value, _why in INVALID}) >= 40
    for value, why in INVALID:
        error = asker.ask_error(echo.topic, value)
        assert (error["statusCode"], error["message"]) == (400, f"not valid JSON: {why}"), value[:80]
    assert echo.router.workers() == workers


def test_events_that_are_no_json_are_dead_letters_with_their_bytes(asker: Asker, cluster: Cluster, echo: Echo) -> None:
    cluster.await_committed(echo.router.group, echo.topic)  # replies do not wait for the dead letters of their requests
    before = cluster.count(f"{echo.topic}-dlq") if f"{echo.topic}-dlq" in cluster.topics() else 0
    for value, _why in INVALID:
        asker.send(echo.topic, value, key=b"one")
    letters = cluster.await_records(f"{echo.topic}-dlq", before + len(INVALID))[before:]
    assert [letter.value for letter in letters] == [value for value, _why in INVALID]
    assert [letter.header("error") for letter in letters] == [f"not valid JSON: {why}".encode() for _value, why in INVALID]


def test_a_handler_computes_with_an_integer_beyond_two_to_the_53(asker: Asker, cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("sums"))
    scripts.write(topic, """
        function handleMessage(_topic, message)
            return { next = message.id + 1, least = message.id > 9007199254740993LL, text = tostring(message.id) }
        end
    """)
    start_router(scripts)
    reply = asker.ask(topic, b'{"id":9223372036854775806}')
    assert json.loads(reply.value) == {"next": 9223372036854775807, "least": True, "text": "9223372036854775806LL"}
