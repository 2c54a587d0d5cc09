"""`tools/bench peers`: the same work beside what teams write by hand, each of tests/bench/peers and `moonroute run --workers 1`.

A round is two lives of each. The first starts with one request, which tells how long the start takes and what it costs, and
goes on with requests at a steady rate, for the round trips; the second starts with a backlog. CPU a message is what the second
life costs beyond a start. Replies are counted at the end of the reply topic, and the last one is looked at.
"""

import argparse
import contextlib
import dataclasses
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import TopicPartition
from support.cluster import Headers, Record, record_of, unique
from support.load import value_of
from support.router import environment
from support.wait import until

from .build import BARE, ROOT, build_bare, build_release, say
from .rpc import RoundTrip, call
from .stage import ORDERS, Bench, Process, bench_on_kafka, check_count, plain_headers, produce, running, work_off

SOURCES = ROOT / "tests" / "bench" / "peers"
RATE = 500
COLUMNS = [("CPU s / million", "cpu", 1), ("messages / s", "rate", 0), ("peak RSS, MiB", "memory", 0), ("first reply, s", "first_reply", 2),
           ("p50, ms", "p50", 2), ("p99, ms", "p99", 2)]
Command = tuple[list[str], dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Peer:
    messages: int  # fewer of the slow, so that a round stays short
    command: Callable[[Bench], Command]
    build: str | None = None  # its name for tests/bench/peers/prepare
    dialect: str = "plain"


@dataclasses.dataclass(frozen=True)
class Start:
    seconds: float  # to the first reply
    cpu: float  # seconds until then
    trip: RoundTrip


@dataclasses.dataclass(frozen=True)
class Work:
    cpu: float  # seconds, of the whole life
    rate: float  # messages a second, from the first reply to the last
    memory: float  # MiB, at most


@dataclasses.dataclass(frozen=True)
class Measured:
    cpu: float  # seconds a million messages
    rate: float  # messages a second
    memory: float  # MiB
    first_reply: float  # seconds
    start_cpu: float  # seconds
    p50: float  # ms
    p99: float


def with_arguments(bench: Bench, *command: object) -> list[str]:
    return [*map(str, command), bench.cluster.bootstrap, unique("bench"), bench.topic]


def node(name: str, *ways: str) -> Callable[[Bench], Command]:
    modules = {"NODE_PATH": str(BARE / name / "node_modules")}
    return lambda bench: (with_arguments(bench, "node", SOURCES / name / "peer.js", *ways), environment(modules))


def franz_go(bench: Bench) -> Command:
    return with_arguments(bench, BARE / "franz-go"), environment()


def spring(bench: Bench) -> Command:
    classes = f"{BARE}/spring/libs/*:{BARE}/spring/classes"
    return with_arguments(bench, "java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classes, "Peer"), environment()


def spring_headers(bench: Bench, correlation_id: bytes) -> Headers:
    return [("kafka_correlationId", correlation_id), ("kafka_replyTopic", bench.replies.encode())]


def nestjs_headers(bench: Bench, correlation_id: bytes) -> Headers:
    return [*spring_headers(bench, correlation_id), ("kafka_replyPartition", b"0")]


HEADERS = {"plain": plain_headers, "spring": spring_headers, "nestjs": nestjs_headers}
PEERS = {
    "moonroute": Peer(300_000, Bench.moonroute),
    "franz-go": Peer(300_000, franz_go, "franz-go"),
    "kafkajs-batch": Peer(200_000, node("kafkajs", "batch"), "kafkajs"),
    "spring": Peer(200_000, spring, "spring", "spring"),
    "nestjs": Peer(60_000, node("nestjs"), "nestjs", "nestjs"),
    "kafkajs-message": Peer(30_000, node("kafkajs", "message"), "kafkajs"),
}


def topic_with(bench: Bench, peer: Peer, messages: int) -> Bench:
    """A topic of its own, with that many requests as the peer understands them."""
    made = dataclasses.replace(bench, topic=bench.cluster.create_topic(unique("orders")))
    produce(made, ((value_of(number), f"{number:012d}".encode()) for number in range(messages)), HEADERS[peer.dialect])
    return made


@contextlib.contextmanager
def serving(bench: Bench, peer: Peer) -> Iterator[tuple[Process, Callable[[], int]]]:
    """The topic, alone; with how many replies there are to it."""
    before = bench.cluster.count(bench.replies)
    script = bench.folder / "scripts" / f"{bench.topic}.lua"
    shutil.copy(ORDERS, script)
    command, env = peer.command(bench)
    with running(command, env, bench.folder) as process:
        def answered() -> int:
            process.check()
            return bench.cluster.count(bench.replies) - before

        yield process, answered
    script.unlink()


def start(bench: Bench, peer: Peer, seconds: int) -> Start:
    """A life that starts with one request, and has some a second then."""
    began = time.monotonic()
    with serving(bench, peer) as (process, answered):
        until(answered, "the first reply", 60, every=0.005)
        took, cpu = time.monotonic() - began, process.cpu()
        trip = call(bench, bench.topic, RATE, seconds, peer.dialect)
        process.stop()
    return Start(took, cpu, trip)


def work(bench: Bench, peer: Peer) -> Work:
    """A life that starts with all that is in the topic, and ends when that is answered."""
    before = bench.cluster.count(bench.replies)
    with serving(bench, peer) as (process, answered):
        rate = work_off(answered, peer.messages)
        memory = process.peak_memory()
        cpu = process.stop()
    check_count(bench.cluster.count(bench.replies) - before, peer.messages)
    check(last_reply(bench))
    return Work(cpu, rate, memory)


def last_reply(bench: Bench) -> Record:
    with contextlib.closing(bench.cluster.reader()) as reader:
        reader.assign([TopicPartition(bench.replies, 0, bench.cluster.count(bench.replies) - 1)])
        message = reader.poll(20)
        assert message is not None, "the last reply cannot be read"
        return record_of(message)


def check(reply: Record) -> None:
    """Everybody makes the same answer."""
    names = {"correlation-id", "kafka_correlationId"}
    (number,) = (int(value) for name, value in reply.headers if name in names and value)
    expected = {"id": f"order-{number:08d}", "symbol": "BTCUSDT", "total": 192751.5, "accepted": True}
    if json.loads(reply.value or b"null") != expected:
        sys.exit(f"bench: not the answer to request {number}: {reply}")


def measure(backlog: Bench, peer: Peer, seconds: int) -> Measured:
    started = start(topic_with(backlog, peer, 1), peer, seconds)
    worked = work(backlog, peer)
    cpu = (worked.cpu - started.cpu) / peer.messages * 1e6
    return Measured(cpu, worked.rate, worked.memory, started.seconds, started.cpu, started.trip.p50, started.trip.p99)


def run(options: argparse.Namespace) -> None:
    chosen = {name: peer for name, peer in PEERS.items() if name in (options.only or PEERS) or name == "moonroute"}
    prepare(peer.build for peer in chosen.values() if peer.build)
    build_bare("caller")
    rounds: dict[str, list[Measured]] = {name: [] for name in chosen}
    with bench_on_kafka(options.program or build_release(), 1, []) as bench:
        (bench.folder / "scripts" / f"{bench.topic}.lua").unlink()
        say("producing the requests")
        backlogs = {name: topic_with(bench, peer, peer.messages) for name, peer in chosen.items()}
        for number in range(options.rounds):
            for name, peer in chosen.items():
                measured = measure(backlogs[name], peer, options.seconds)
                figures = ", ".join(f"{title}: {getattr(measured, field):,.{digits}f}" for title, field, digits in COLUMNS)
                say(f"round {number + 1}, {name}: {figures}")
                rounds[name].append(measured)
    print_peers(rounds, options)


def prepare(names: Iterable[str]) -> None:
    """It says what is missing."""
    done = subprocess.run([SOURCES / "prepare", *dict.fromkeys(names)], check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def print_peers(rounds: dict[str, list[Measured]], options: argparse.Namespace) -> None:
    def median(name: str, field: str) -> float:
        return statistics.median(getattr(measured, field) for measured in rounds[name])

    def against_ours(name: str, field: str, digits: int) -> str:
        ratio = f"({median(name, field) / median('moonroute', field):.2f})"
        return f"{median(name, field):,.{digits}f} {ratio:>7}"

    print(f"\nmessages of 250 B on 1 partition, round trips at {RATE} a second for {options.seconds} s, medians of {options.rounds} round(s); "
          "in brackets the ratio to moonroute\n")
    print(f"{'':<16}{'messages':>9}" + "".join(f"{title:>18}" for title, _field, _digits in COLUMNS) + f"{'start, CPU s':>14}")
    for name in rounds:
        figures = "".join(f"{against_ours(name, field, digits):>18}" for _title, field, digits in COLUMNS)
        print(f"{name:<16}{PEERS[name].messages:>9,}{figures}{median(name, 'start_cpu'):>14.2f}")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--only", action="append", choices=[name for name in PEERS if name != "moonroute"],
                         help="measure only this one beside moonroute; may be repeated")
    command.add_argument("--seconds", type=int, default=4, help="of round trips in each round (default: 4)")
