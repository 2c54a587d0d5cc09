"""`tools/bench rpc`: how long round trips take, against a bare echo."""

import argparse
import contextlib
import dataclasses
import json
import shutil
import statistics
import subprocess
import sys

from support.asker import Asker
from support.cluster import unique
from support.load import value_of

from .build import BARE, build_bare, build_release, say
from .stage import LIMIT_PROPERTIES, SCRIPTS, Bench, bench_on_kafka, running

RATES = [500, 5000]
OURS = "moonroute"
# Properties of the bare echoes. The second one promises what our producer does: no record twice, none out of order.
ECHOES = {"echo": [], "echo, idempotent": ["enable.idempotence=true"]}


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
    done = subprocess.run([str(BARE / "caller"), topic, bench.replies, str(rate), str(seconds), dialect,
                           f"bootstrap.servers={bench.cluster.bootstrap}", *LIMIT_PROPERTIES], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    if told["answered"] != told["sent"]:
        sys.exit(f"bench: {told['answered']} replies to {told['sent']} requests")
    return RoundTrip(told["p50"], told["p99"])


def round_trip(bench: Bench, side: str, rate: int, seconds: int) -> RoundTrip:
    """On a topic of its own, as a new group takes all there is."""
    topic = bench.cluster.create_topic(unique("echo"), 1)
    shutil.copy(SCRIPTS / "echo.lua", bench.folder / "scripts" / f"{topic}.lua")
    command, env = bench.moonroute()
    if side != OURS:
        command = [str(BARE / "echo"), topic, f"bootstrap.servers={bench.cluster.bootstrap}", f"group.id={unique('bench')}", *LIMIT_PROPERTIES,
                   *ECHOES[side]]
    with running(command, env, bench.folder) as process:
        measured = ask_at(bench, topic, rate, seconds)
        process.stop()
    (bench.folder / "scripts" / f"{topic}.lua").unlink()
    return measured


def run(options: argparse.Namespace) -> None:
    build_bare("echo", "caller")
    measured: dict[tuple[int, str], list[RoundTrip]] = {(rate, side): [] for rate in RATES for side in (*ECHOES, OURS)}
    with bench_on_kafka(options.program or build_release(), 1, []) as bench:
        for number in range(options.rounds):
            for (rate, side), trips in measured.items():
                trips.append(round_trip(bench, side, rate, options.seconds))
                say(f"round {number + 1}, {side} at {rate}/s: p50 {trips[-1].p50:.2f} ms, p99 {trips[-1].p99:.2f} ms")
    print(f"\nround trips of 250 B, {options.seconds} s each, medians of {options.rounds} round(s), ms\n")
    print(f"{'a second':<12}{'':<28}{'p50':>10}{'p99':>10}")
    for rate in RATES:
        medians = {side: median_of(measured[rate, side]) for side in (*ECHOES, OURS)}
        for side, median in medians.items():
            print(f"{rate:<12}{side:<28}{median.p50:>10.2f}{median.p99:>10.2f}")
        for side in ECHOES:
            ours, theirs = medians[OURS], medians[side]
            print(f"{rate:<12}{f'ratio to {side}':<28}{ours.p50 / theirs.p50:>10.2f}{ours.p99 / theirs.p99:>10.2f}")
    print("\nTarget: at most 1.10 of the echo's.")


def median_of(trips: list[RoundTrip]) -> RoundTrip:
    return RoundTrip(statistics.median(trip.p50 for trip in trips), statistics.median(trip.p99 for trip in trips))


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seconds", type=int, default=10, help="of each measurement (default: 10)")
