"""moonroute tail: what it prints, where it begins and ends, and what it says of wrong options."""

import contextlib
import json
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Kafka, free_port
from confluent_kafka import Producer
from support.cluster import Cluster, client_properties, unique
from support.guard import DESCRIBE, READ, TOPIC, Guard, login
from support.router import PROGRAM, environment, moonroute


def write(cluster: Cluster, topic: str, value: str | bytes, **more: Any) -> None:
    producer = Producer(client_properties(cluster.bootstrap))
    producer.produce(topic, value, **more)
    assert producer.flush(20) == 0


@pytest.fixture
def command(kafka: Kafka, tmp_path: Path):
    """Runs a command with the session's broker, in a folder without configuration."""
    return lambda *arguments, env=None: moonroute(*arguments, env={"KAFKA_BROKERS": kafka.bootstrap} | (env or {}), folder=tmp_path)


@pytest.fixture(scope="module")
def told(cluster: Cluster) -> str:
    """A topic of two partitions, with three records in the first, one a second, and one in the second."""
    topic = cluster.create_topic(unique("told"), partitions=2, **{"retention.ms": "-1"})
    for number in range(3):
        write(cluster, topic, f'{{"n": {number}}}', key=f"k{number}", headers=[("parity", "odd" if number % 2 else "even")], partition=0,
              timestamp=1_700_000_000_000 + 1000 * number)
    write(cluster, topic, b"\xff\x00", partition=1, timestamp=1_700_000_000_500)
    return topic


def lines_of(done) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_tail_prints_a_json_line_for_each_record(command, told: str) -> None:
    lines = lines_of(command("tail", told, "--from", "beginning", "--until", "end"))
    assert [line for line in lines if line["partition"] == 0] == [
        {"topic": told, "partition": 0, "offset": number, "timestamp": 1_700_000_000_000 + 1000 * number, "key": f"k{number}",
         "headers": [["parity", "odd" if number % 2 else "even"]], "value": {"n": number}} for number in range(3)]
    assert [line for line in lines if line["partition"] == 1] == [
        {"topic": told, "partition": 1, "offset": 0, "timestamp": 1_700_000_000_500, "key": None, "headers": [], "base64": "/wA="}]


@pytest.mark.parametrize(("options", "offsets"), [
    (("--from", "beginning"), [0, 1, 2]),
    (("--from", "1"), [1, 2]),
    (("--from", "-1"), [2]),
    (("--from", "-100"), [0, 1, 2]),
    (("--from", "end"), []),
    (("--from", "3"), []),
    (("--from", "2023-11-14T22:13:21Z"), [1, 2]),
    (("--from", "2023-11-14T23:13:20.001+01:00"), [1, 2]),
    (("--from", "-1m"), []),
    (("--from", "beginning", "--until", "2023-11-14T22:13:22Z"), [0, 1]),
    (("--from", "beginning", "--count", "2"), [0, 1]),
    (("--from", "beginning", "--count", "9"), [0, 1, 2]),
    (("--from", "beginning", "--key", "k1"), [1]),
    (("--from", "beginning", "--header", "parity=even"), [0, 2]),
    (("--from", "beginning", "--header", "parity=even", "--grep", '"n": 2'), [2]),
    (("--from", "beginning", "--json", "--count", "1"), [0]),
])
def test_tail_reads_between_two_places_what_passes_the_filters(command, told: str, options: tuple[str, ...], offsets: list[int]) -> None:
    bound = () if "--until" in options or "--count" in options else ("--until", "end")
    assert [line["offset"] for line in lines_of(command("tail", told, "--partition", "0", *options, *bound))] == offsets


@pytest.fixture
def start_tail(kafka: Kafka, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a tail that has to wait for its records."""
    with contextlib.ExitStack() as started:
        def start(*arguments: str) -> subprocess.Popen[str]:
            tail = started.enter_context(subprocess.Popen([PROGRAM, "tail", *arguments], env=environment({"KAFKA_BROKERS": kafka.bootstrap}),
                                                          cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            started.callback(tail.kill)
            return tail
        yield start


def await_output(tail: subprocess.Popen[str], cluster: Cluster, topic: str) -> str:
    """The first line of a tail that prints only what comes after its start."""
    while not select.select([tail.stdout], [], [], 0.1)[0]:
        write(cluster, topic, "2")
    return tail.stdout.readline()


def test_tail_follows_from_the_end_until_it_is_interrupted(start_tail, cluster: Cluster) -> None:
    topic = cluster.create_topic(unique("followed"))
    write(cluster, topic, "1")
    tail = start_tail(topic)
    assert json.loads(await_output(tail, cluster, topic))["value"] == 2
    tail.send_signal(signal.SIGINT)
    assert tail.wait(10) == 130
    assert re.fullmatch(r"moonroute tail: stopped after \d+ records, \d+ printed\n", tail.stderr.read())


def test_tail_with_a_count_waits_for_so_many_new_records(start_tail, cluster: Cluster) -> None:
    topic = cluster.create_topic(unique("counted"))
    tail = start_tail(topic, "--count", "1")
    assert json.loads(await_output(tail, cluster, topic))["value"] == 2
    assert tail.wait(10) == 0
    assert tail.stdout.read() == ""


def test_tail_leaves_out_aborted_transactions_and_ends_behind_their_markers(command, cluster: Cluster) -> None:
    topic = cluster.create_topic(unique("transactional"))
    producer = Producer(client_properties(cluster.bootstrap, transactional_id=unique("tail")))
    producer.init_transactions(60)
    for value, end in (("1", producer.commit_transaction), ("2", producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(10)
        end(60)
    assert [line["value"] for line in lines_of(command("tail", topic, "--from", "beginning", "--until", "end"))] == [1]


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("no-such-topic",), 65, "no-such-topic: there is no such topic"),
    (("TOLD", "--partition", "2"), 65, "no partition 2: the topic has the partitions 0 to 1"),
    (("TOLD", "--partition", "0", "--from", "4"), 65, "no offset 4: partition 0 has the offsets 0 to 2"),
    (("TOLD", "--partition", "x"), 64, "--partition x: expected a whole number"),
    (("TOLD", "--count", "0"), 64, "--count 0: expected a whole number"),
    (("TOLD", "--from", "yesterday"), 64, "--from yesterday: expected beginning, end, an offset"),
    (("TOLD", "--until", "2100-01-01"), 64, "--until 2100-01-01: expected end, or a time that is past"),
    (("TOLD", "--until", "end", "--follow"), 64, "--until and --follow exclude each other"),
    (("TOLD", "--header", "x"), 64, "--header x: expected NAME=VALUE"),
    (("a/b",), 64, "a/b: not a topic name"),
    ((), 64, "missing TOPIC"),
])
def test_tail_names_what_is_wrong(command, told: str, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = command("tail", *(told if argument == "TOLD" else argument for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_tail_of_a_topic_that_may_not_be_read_says_what_to_allow(guard: Guard, guarded_cluster: Cluster, tmp_path: Path) -> None:
    topic = guarded_cluster.create_topic(unique("denied"))
    env = {"KAFKA_BROKERS": guard.brokers} | login("plain")
    guard.deny(TOPIC, topic, READ)
    done = moonroute("tail", topic, "--from", "beginning", env=env, folder=tmp_path)
    assert (done.returncode, done.stderr) == (77, f"moonroute tail: {topic}: may not be read: allow READ and DESCRIBE on it\n")
    guard.deny(TOPIC, topic, DESCRIBE)
    assert moonroute("tail", topic, env=env, folder=tmp_path).returncode == 77


def test_tail_says_that_no_broker_answers(command) -> None:
    done = command("tail", "orders", env={"KAFKA_BROKERS": f"127.0.0.1:{free_port()}", "MOONROUTE_KAFKA_CONNECTION_TIMEOUT": "1000"})
    assert done.returncode == 69
    assert "no broker answers at 127.0.0.1:" in done.stderr
