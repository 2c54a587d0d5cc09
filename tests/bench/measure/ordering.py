"""`tools/bench ordering`: short sleeps on one partition, by key, in no order and in that of the partition."""

import argparse
import json
import os
import random
import statistics
import sys

from support.wait import until

from .build import build_release, say
from .stage import SCRIPTS, Bench, bench_on_kafka, produce, running

CONCURRENCY = 100
KEYS = 100
LONGEST_MS = 5
SEED = 4
REFERENCE = {"key": 2.2, "none": 2.8, "partition": 22.2}  # seconds, Confluent Parallel Consumer's own figures
TARGET = {"key": "< 0.6", "none": "< 0.6", "partition": "about 25"}


def produce_sleeps(bench: Bench, messages: int) -> float:
    """Requests that say how long they take; returns how long all of them together do, in seconds."""
    dice = random.Random(SEED)
    lengths = [dice.randint(0, LONGEST_MS) for _ in range(messages)]
    requests = ((json.dumps({"sleep": length}).encode(), f"{number % KEYS}".encode()) for number, length in enumerate(lengths))
    say("producing the requests")
    produce(bench, requests)
    return sum(lengths) / 1000


def time_of_replies(bench: Bench, ordering: str, messages: int) -> float:
    """Seconds from the first reply to the last, by the time that the router has put into them."""
    before = bench.cluster.count(bench.replies)
    config = bench.folder / "config" / "moonroute.lua"
    config.write_text(f"return {{ defaults = {{ ordering = {ordering!r}, concurrency = {CONCURRENCY} }} }}\n")
    command, env = bench.moonroute()
    with running(command, env, bench.folder) as process:
        until(lambda: bench.cluster.count(bench.replies) - before >= messages, f"{messages} replies", 300, every=0.05)
        process.stop()
    replies = [record for record in bench.cluster.records(bench.replies) if record.offset >= before]
    if len(replies) != messages:
        sys.exit(f"bench: {len(replies)} replies to {messages} requests")
    times = [int(record.header("timestamp")) for record in replies]
    return (max(times) - min(times)) / 1000


def run(options: argparse.Namespace) -> None:
    with bench_on_kafka(options.program or build_release(), 1, [], SCRIPTS / "sleeps.lua") as bench:
        total = produce_sleeps(bench, options.messages)
        seconds: dict[str, list[float]] = {name: [] for name in REFERENCE}
        for number in range(options.rounds):
            for name, measured in seconds.items():
                measured.append(time_of_replies(bench, name, options.messages))
                say(f"round {number + 1}, {name}: {measured[-1]:.3f} s (load {os.getloadavg()[0]:.1f})")
    print(f"\n{options.messages} messages of 0 to {LONGEST_MS} ms, {total:.1f} s in all; one partition, {KEYS} keys, concurrency {CONCURRENCY}, one worker;"
          f" medians of {options.rounds} round(s), s\n")
    print(f"{'ordering':<12}{'measured':>12}{'target':>12}{'Confluent Parallel Consumer':>30}")
    for name, measured in seconds.items():
        print(f"{name:<12}{statistics.median(measured):>12.2f}{TARGET[name]:>12}{REFERENCE[name]:>30}")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--messages", type=int, default=10_000, help="requests a round (default: 10000)")
