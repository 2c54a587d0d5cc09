"""The commands for people and scripts: what they print and how they exit."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from broker import Kafka, free_port
from conftest import StartRouter
from support import kcat
from support.cluster import Cluster, unique
from support.router import PROGRAM, Router, Scripts, environment, moonroute

SERVICE = """
local router = require "moonroute"
function handleMessage(_topic, message, headers, context)
    if message.type == "fail" then router.fail(404, "no such thing", "NotFound") end
    if message.type == "silence" then return nil end
    return { got = message, type = headers["message-type"], trace = headers["x-trace"], key = context.key }
end
"""
COMMANDS = ["run", "dev", "check", "test", "request", "publish", "tail", "health", "status", "version"]


class Service(NamedTuple):
    topic: str
    router: Router


@pytest.fixture(scope="module")
def service(cluster: Cluster, shared_scripts: Scripts, start_shared_router: StartRouter) -> Iterator[Service]:
    topic = cluster.create_topic(unique("service-commands"))
    shared_scripts.write(topic, SERVICE)
    yield Service(topic, start_shared_router(shared_scripts))


@pytest.fixture
def command(kafka: Kafka, tmp_path):
    """Runs a command with the session's broker, in a folder without configuration."""
    return lambda *arguments, env=None, **options: moonroute(*arguments, env={"KAFKA_BROKERS": kafka.bootstrap} | (env or {}),
                                                             folder=tmp_path, **options)


# request


def printed_data(done) -> object:
    """The reply is printed as it came: the envelope of the kafka-client dialect on one line."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    envelope = json.loads(done.stdout)
    assert envelope["success"] is True
    return envelope["data"]


def test_request_prints_the_reply(command, service: Service) -> None:
    data = printed_data(command("request", service.topic, '{"n":7}'))
    assert (data["got"], data["type"]) == ({"n": 7}, "request-reply")


def test_request_reads_standard_input(command, service: Service) -> None:
    assert printed_data(command("request", service.topic, "-", stdin='{"n":8}\n'))["got"] == {"n": 8}


def test_request_sends_key_and_headers(command, service: Service) -> None:
    data = printed_data(command("request", service.topic, "{}", "--key", "k", "--header", "x-trace=t"))
    assert (data["key"], data["trace"]) == ("k", "t")


def test_request_listens_where_it_is_told(command, cluster: Cluster, service: Service) -> None:
    replies = cluster.create_topic(unique("elsewhere"))
    assert printed_data(command("request", service.topic, '{"n":9}', "--reply-to", replies))["got"] == {"n": 9}
    assert cluster.count(replies) == 1


def test_request_ends_with_1_at_an_error_reply_and_says_what_it_was(command, service: Service) -> None:
    done = command("request", service.topic, '{"type":"fail"}')
    assert done.returncode == 1
    said = done.stdout + done.stderr
    for part in "404", "no such thing", "NotFound":
        assert part in said


def test_request_ends_with_75_when_nobody_answers_in_time(command, service: Service) -> None:
    started = time.monotonic()
    done = command("request", service.topic, '{"type":"silence"}', env={"MOONROUTE_RPC_TIMEOUT": "700"})
    assert done.returncode == 75, done.stderr
    assert "700" in done.stderr
    assert time.monotonic() - started < 10


def test_however_short_the_timeout_of_request_it_is_no_unreachable_broker(command, service: Service) -> None:
    done = command("request", service.topic, '{"type":"silence"}', "--timeout", "1")
    assert done.returncode == 75, done.stderr


@pytest.mark.parametrize("dialect", ["kafka-client", "plain", "nestjs", "spring"])
def test_request_speaks_every_dialect_and_tells_the_headers(command, service: Service, dialect: str) -> None:
    done = command("request", service.topic, '{"n":1}', "--dialect", dialect, "--timeout", "20000")
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert (reply["data"] if dialect == "kafka-client" else reply)["got"] == {"n": 1}
    name = "kafka_correlationId" if dialect in ("nestjs", "spring") else "correlation-id"
    assert re.search(rf"^{name}: [0-9a-f-]{{36}}$", done.stderr, re.M), done.stderr


@pytest.mark.parametrize(("given", "sent"), [("null", None), ("42\n", b"42"), ('\n{"a": 1} ', b'{"a": 1}'), ('"a text"', b"a text")], ids=str)
def test_request_in_nestjs_sends_what_nestjs_would(command, cluster: Cluster, given: str, sent: bytes | None) -> None:
    topic = cluster.create_topic(unique("nobody"))
    done = command("request", topic, "-", "--dialect", "nestjs", "--timeout", "100", stdin=given)
    assert done.returncode == 75, done.stderr
    (record,) = cluster.await_records(topic, 1)
    assert record.value == sent


@pytest.mark.parametrize("name", ["request", "publish"])
def test_a_record_that_the_broker_refuses_is_bad_input_and_told_at_once(command, cluster: Cluster, name: str) -> None:
    topic = cluster.create_topic(unique("small"), **{"max.message.bytes": "1000"})
    started = time.monotonic()
    done = command(name, topic, json.dumps("x" * 2000), env={"MOONROUTE_RPC_TIMEOUT": "60000"})
    assert done.returncode == 65, done.stderr
    assert f"{topic}: not delivered: Broker: Message size too large" in done.stderr
    assert time.monotonic() - started < 30


def test_what_cannot_be_printed_is_no_success(kafka: Kafka, service: Service) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "request", service.topic, "{}"], env=environment({"KAFKA_BROKERS": kafka.bootstrap}), stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == 70, done.stderr
    assert "cannot write to standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("dialect", ["kafka-client", "plain", "nestjs", "spring"])
def test_request_knows_an_error_reply_in_every_dialect(command, service: Service, dialect: str) -> None:
    done = command("request", service.topic, '{"type":"fail"}', "--dialect", dialect)
    assert done.returncode == 1
    assert json.loads(done.stdout)["statusCode"] == 404


def test_many_requests_give_a_table_of_latencies(command, service: Service) -> None:
    done = command("request", service.topic, "{}", "--count", "200", "--concurrency", "20")
    assert done.returncode == 0, done.stderr
    table = dict(re.findall(r"^(.*?) +([0-9.]+)(?: ms)?$", done.stdout, re.M))
    assert (table["requests"], table["answered"]) == ("200", "200")
    assert (table["errors"], table["timed out"]) == ("0", "0")
    quantiles = [float(table[f"p{percent}"]) for percent in ("50", "90", "99", "99.9", "100")]
    assert quantiles == sorted(quantiles)
    assert quantiles[0] > 0


@pytest.mark.parametrize(("kind", "code"), [("fail", 1), ("silence", 75)])
def test_many_requests_end_as_the_worst_of_them(command, service: Service, kind: str, code: int) -> None:
    done = command("request", service.topic, f'{{"type":"{kind}"}}', "--count", "3", "--timeout", "700" if kind == "silence" else "20000")
    assert done.returncode == code
    assert re.search(r"^(errors|timed out) +3$", done.stdout, re.M), done.stdout


@pytest.mark.parametrize(("option", "value"), [("--dialect", "morse"), ("--count", "0"), ("--count", "many"), ("--concurrency", "-1"),
                                               ("--timeout", "")])
def test_request_refuses_what_cannot_be(command, service: Service, option: str, value: str) -> None:
    done = command("request", service.topic, "{}", f"{option}={value}")
    assert done.returncode == 64
    assert option in done.stderr


def test_request_of_something_that_is_no_json_ends_with_65(command, service: Service) -> None:
    done = command("request", service.topic, "{nope")
    assert done.returncode == 65, done.stderr


def test_request_can_be_asked_many_times(command, service: Service) -> None:
    for number in range(3):
        assert printed_data(command("request", service.topic, f'{{"n":{number}}}'))["got"] == {"n": number}


# publish


def test_publish_sends_value_key_and_headers(kafka: Kafka, cluster: Cluster, command) -> None:
    topic = cluster.create_topic(unique("published"))
    done = command("publish", topic, '{"a":1}', "--key", "k", "--header", "x-one=1", "--header", "x-two=a=b")
    assert done.returncode == 0, done.stderr
    (record,) = kcat.read(kafka.bootstrap, topic, 1)
    assert record["key"] == "k"
    assert json.loads(record["payload"]) == {"a": 1}
    headers = kcat.header_pairs(record)
    assert (headers["x-one"], headers["x-two"]) == ("1", "a=b")


def test_publish_reads_standard_input(cluster: Cluster, command) -> None:
    topic = cluster.create_topic(unique("published"))
    assert command("publish", topic, "-", stdin='{"from":"stdin"}\n').returncode == 0
    (record,) = cluster.await_records(topic, 1)
    assert json.loads(record.value) == {"from": "stdin"}


def test_publish_says_so_where_the_topic_is_impossible(command) -> None:
    done = command("publish", "no such topic!", "{}")
    assert done.returncode not in (0, 70), done.stderr
    assert "no such topic!" in done.stderr


@pytest.mark.parametrize("header", ["novalue", "=x"])
def test_a_header_without_name_or_value_is_a_usage_error(command, header: str) -> None:
    done = command("publish", "topic", "{}", "--header", header)
    assert done.returncode == 64
    assert "NAME=VALUE" in done.stderr


@pytest.mark.parametrize("name", ["request", "publish"])
def test_without_a_broker_they_end_with_69_after_the_connection_timeout(command, name: str) -> None:
    broker = f"127.0.0.1:{free_port()}"
    started = time.monotonic()
    done = command(name, "topic", "{}", env={"KAFKA_BROKERS": broker, "MOONROUTE_KAFKA_CONNECTION_TIMEOUT": "1500"})
    assert done.returncode == 69, done.stderr
    assert broker in done.stderr
    assert 1.4 < time.monotonic() - started


# check


def test_check_is_content_with_good_scripts(command, scripts: Scripts) -> None:
    scripts.write("orders", "function handleMessage() return 1 end\n")
    assert command("check", "--scripts", str(scripts.folder)).returncode == 0


def test_check_tells_file_line_and_message_of_every_script(command, scripts: Scripts) -> None:
    scripts.write("first", "function handleMessage()\n    return ((\nend\n")
    scripts.write("second", "local x = 1\n")
    scripts.write("third", "function handleMessage() return 1 end\n")
    done = command("check", "--scripts", str(scripts.folder))
    assert done.returncode == 65
    said = done.stdout + done.stderr
    assert "first.lua:3: " in said
    assert "second.lua" in said
    assert "third.lua" not in said


def test_check_tells_what_is_wrong_with_the_configuration(command, scripts: Scripts, tmp_path) -> None:
    scripts.write("orders", "function handleMessage() return 1 end\n")
    (tmp_path / "bad.lua").write_text("return { workes = 2 }\n")
    done = command("check", "--scripts", str(scripts.folder), "--config", str(tmp_path / "bad.lua"))
    assert done.returncode == 78
    assert "workes" in done.stdout + done.stderr
    assert "workers" in done.stdout + done.stderr


def test_check_tells_which_routes_cannot_be(command, scripts: Scripts, tmp_path) -> None:
    scripts.write("orders", "function handleMessage() return 1 end\n")
    (tmp_path / "bad.lua").write_text('return { routes = { orders = { dlq = { topic = "{topic}" } } } }\n')
    done = command("check", "--scripts", str(scripts.folder), "--config", str(tmp_path / "bad.lua"))
    assert done.returncode == 78
    assert 'bad.lua: routes["orders"].dlq.topic: "{topic}" brings the topic\'s dead letters back' in done.stdout + done.stderr


def test_check_needs_no_broker(scripts: Scripts, tmp_path) -> None:
    scripts.write("orders", "function handleMessage() return 1 end\n")
    assert moonroute("check", "--scripts", str(scripts.folder), folder=tmp_path).returncode == 0


# health and status


def test_health_and_status_ask_the_running_router(command, service: Service) -> None:
    address = f"127.0.0.1:{service.router.port}"
    healthy = command("health", env={"MOONROUTE_ADMIN_LISTEN": address})
    assert healthy.returncode == 0, healthy.stderr
    status = command("status", env={"MOONROUTE_ADMIN_LISTEN": address})
    assert status.returncode == 0, status.stderr
    assert service.topic in status.stdout


@pytest.mark.parametrize("name", ["health", "status"])
def test_where_no_router_runs_they_say_so(command, name: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    done = command(name, env={"MOONROUTE_ADMIN_LISTEN": address})
    assert done.returncode in (1, 69)
    assert address in done.stdout + done.stderr


# version, help and usage


def test_version_names_the_program_and_its_libraries(command) -> None:
    done = command("version")
    assert done.returncode == 0
    sanitized = b"__asan_init" in Path(PROGRAM).read_bytes()  # which brings its own allocator
    for part in "moonroute", "librdkafka", "LuaJIT", *([] if sanitized else ["jemalloc 5."]):
        assert part.lower() in done.stdout.lower()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name: str) -> None:
    done = command(name, "--help")
    assert done.returncode == 0
    assert f"moonroute {name}" in done.stdout
    assert done.stderr == ""


def test_the_program_has_help_that_names_every_command(command) -> None:
    done = command("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert name in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.strip().startswith("worker")], "the worker is no command for people"


@pytest.mark.parametrize("arguments", [["frobnicate"], ["run", "--frobnicate"], ["run", "extra"], ["request"], ["publish"], ["publish", "--key"],
                                       ["request", "topic", "{}", "extra"], ["version", "extra"], []], ids=" ".join)
def test_a_wrong_command_line_ends_with_64_and_usage(command, arguments: list[str]) -> None:
    done = command(*arguments)
    assert done.returncode == 64
    assert "moonroute" in done.stderr
