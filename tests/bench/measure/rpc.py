"""`tools/bench rpc`: how long round trips take, against a bare echo; all programs run at once and are asked in turn."""

import argparse
import contextlib
import dataclasses
import json
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
from support.asker import Asker
from support.cluster import unique
from support.load import value_of
from support.router import environment

from .build import bare, build_bare, say
from .sides import add_libraries, programs
from .stage import LIMIT_PROPERTIES, SCRIPTS, Bench, bench_on_kafka, running

RATES = [500, 5000]
STOLEN = 0.03  # more of the machine's time than that, taken by the hypervisor, and it is measured again
TRIES = 10
OURS = "moonroute"
# Properties of the bare echoes. The second one promises what our producer does: no record twice, none out of order.
ECHOES = {"echo": [], "echo, idempotent": ["enable.idempotence=true"]}
Side = tuple[str, str]  # who answers, and with which libraries


@dataclasses.dataclass(frozen=True)
class RoundTrip:
    p50: float  # ms
    p99: float


def ask_at(bench: Bench, topic: str, rate: int, seconds: int) -> RoundTrip:
    """Once somebody answers on the topic."""
    with contextlib.closing(Asker(bench.cluster)) as asker:
        asker.send(topic, value_of(0), asker.plain(b"first"))
        asker.reply_to(b"first", 30)
    return call(bench, topic, rate, seconds)


def call(bench: Bench, topic: str, rate: int, seconds: int, dialect: str = "plain") -> RoundTrip:
    """At that rate, somebody who answers on the topic."""
    done = subprocess.run([bare("caller"), topic, bench.replies, str(rate), str(seconds), dialect,
                           f"bootstrap.servers={bench.cluster.bootstrap}", *LIMIT_PROPERTIES], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    if told["answered"] != told["sent"]:
        sys.exit(f"bench: {told['answered']} replies to {told['sent']} requests")
    return RoundTrip(told["p50"], told["p99"])


@contextlib.contextmanager
def answering(bench: Bench, routers: dict[str, Path], sides: Sequence[Side]) -> Iterator[dict[Side, str]]:
    """All sides at once, as each measurement is too short to start a program for; the topic of each, which it answers."""
    topics = {side: bench.cluster.create_topic(unique("echo"), 1) for side in sides}
    with contextlib.ExitStack() as stack:
        for side, topic in topics.items():
            who, libraries = side
            if who == OURS:
                serve_alone(bench, topic)
                command, env = bench.moonroute(routers[libraries])
            else:
                command = [bare("echo", libraries), topic, f"bootstrap.servers={bench.cluster.bootstrap}", f"group.id={unique('bench')}",
                           *LIMIT_PROPERTIES, *ECHOES[who]]
                env = environment()
            stack.enter_context(running(command, env, bench.folder))
            ask_at(bench, topic, RATES[-1], 1)  # and it is warm
        yield topics


def serve_alone(bench: Bench, topic: str) -> None:
    """A router that starts now serves this topic and no other."""
    folder = bench.folder / "scripts"
    for script in folder.iterdir():
        script.unlink()
    shutil.copy(SCRIPTS / "echo.lua", folder / f"{topic}.lua")


def calmly(measure: Callable[[], RoundTrip]) -> tuple[RoundTrip, bool]:
    """Again where the hypervisor took much of the machine meanwhile: what is late then is late for any program. And whether it was calm at last."""
    for _ in range(TRIES):
        before = psutil.cpu_times()
        trip = measure()
        after = psutil.cpu_times()
        if after.steal - before.steal <= STOLEN * (sum(after) - sum(before)):
            return trip, True
    return trip, False


def run(options: argparse.Namespace) -> None:
    routers = programs(options)
    build_bare("caller")
    for each in options.libraries:
        build_bare("echo", libraries=each)
    sides = [(who, libraries) for libraries in options.libraries for who in (*ECHOES, OURS)]
    measured: dict[tuple[int, Side], list[RoundTrip]] = {(rate, side): [] for rate in RATES for side in sides}
    stolen = 0
    with bench_on_kafka(routers[options.libraries[0]], 1, []) as bench, answering(bench, routers, sides) as topics:
        for number in range(options.rounds):
            for rate, side in random.sample(list(measured), len(measured)):
                trip, calm = calmly(lambda topic=topics[side], rate=rate: call(bench, topic, rate, options.seconds))
                measured[rate, side].append(trip)
                stolen += not calm
                say(f"round {number + 1}, {name_of(side)} at {rate}/s: p50 {trip.p50:.2f} ms, p99 {trip.p99:.2f} ms{'' if calm else ', not calm'}")
    print(f"\nround trips of 250 B, {options.seconds} s each, medians of {options.rounds} round(s), ms; of {options.rounds * len(measured)} "
          f"measurements {stolen} with more than {STOLEN:.0%} of the machine taken away\n")
    print(f"{'a second':<12}{'':<40}{'p50':>10}{'p99':>10}")
    for rate in RATES:
        medians = {side: median_of(measured[rate, side]) for side in sides}
        for side, median in medians.items():
            print(f"{rate:<12}{name_of(side):<40}{median.p50:>10.2f}{median.p99:>10.2f}")
        for libraries in options.libraries:
            print_ratios(rate, medians, libraries)
    print("\nTarget: at most 1.10 of the echo's.")


def name_of(side: Side) -> str:
    return f"{side[0]} ({side[1]})"


def print_ratios(rate: int, medians: dict[Side, RoundTrip], libraries: str) -> None:
    ours = medians[OURS, libraries]
    for echo in ECHOES:
        theirs = medians[echo, libraries]
        print(f"{rate:<12}{f'ratio to {name_of((echo, libraries))}':<40}{ours.p50 / theirs.p50:>10.2f}{ours.p99 / theirs.p99:>10.2f}")


def median_of(trips: list[RoundTrip]) -> RoundTrip:
    return RoundTrip(statistics.median(trip.p50 for trip in trips), statistics.median(trip.p99 for trip in trips))


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seconds", type=int, default=2, help="of each measurement (default: %(default)s)")
    add_libraries(command)
