"""`tools/bench scale`: what a message costs as topics, partitions, sizes, headers and handlers in flight grow."""

import argparse
import dataclasses
import itertools
import json
import os
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

from support.cluster import unique
from support.router import http_get
from support.wait import until

from .build import build_release, say
from .stage import ORDERS, SCRIPTS, Bench, bench_on_kafka, plain_headers, produce, running
from .throughput import Measured, measure

KEYS = 10_000


@dataclasses.dataclass(frozen=True)
class Point:
    """A load, and how many messages of it make a round."""

    label: str
    messages: int
    topics: int = 1
    partitions: int = 4  # of each topic
    size: int = 250  # bytes of a value
    headers: int = 0  # beside those of a request
    in_flight: int = 0  # handlers that sleep
    sleep: int = 0  # ms

    def value(self, number: int) -> bytes:
        if self.in_flight:
            return json.dumps({"sleep": self.sleep}).encode()
        order = {"id": f"o-{number:05d}", "payload": {"symbol": "BTC", "price": 64250.5, "quantity": 3, "side": "buy", "note": ""}}
        text = json.dumps(order, separators=(",", ":"))
        return text.replace('"note":""', f'"note":"{"x" * (self.size - len(text))}"').encode()

    @property
    def script(self) -> Path:
        return SCRIPTS / "sleeps.lua" if self.in_flight else ORDERS

    @property
    def configuration(self) -> str:
        """No dead-letter topic beside each topic: the broker would have twice as many to hold."""
        flight = f"defaults = {{ ordering = 'none', concurrency = {self.in_flight}, window = 20000 }}," if self.in_flight else ""
        return f"return {{ create_topics = false, {flight} }}\n"


AXES = {
    "topics": [Point(f"{count:,}", 100_000, topics=count, partitions=1) for count in (10, 100, 1_000)],
    "partitions": [Point(f"{count:,}", 100_000, partitions=count) for count in (10, 100, 1_000)],
    "size": [Point("100 B", 100_000, size=100), Point("1 KB", 100_000, size=1_000), Point("10 KB", 20_000, size=10_000),
             Point("100 KB", 3_000, size=100_000), Point("1 MB", 400, size=1_000_000)],
    "headers": [Point(f"{count:,}", messages, headers=count) for count, messages in ((1, 100_000), (20, 100_000), (200, 30_000))],
    # Asleep for so long that as many as may are in flight: 1,000, 10,000 and 10,000 a second can end.
    "in-flight": [Point("1", 5_000, in_flight=1, sleep=1), Point("100", 50_000, in_flight=100, sleep=10),
                  Point("10,000", 100_000, in_flight=10_000, sleep=1_000)],
}


def set_up(bench: Bench, point: Point) -> Bench:
    """Topics of the point's own with its messages in them; the router will serve these alone."""
    scripts = bench.folder / "scripts"
    shutil.rmtree(scripts)
    scripts.mkdir()
    stem, replies = unique("scale"), bench.cluster.create_topic(unique("replies"), 4)
    topics = bench.cluster.create_topics([f"{stem}-{number}" for number in range(point.topics)], point.partitions)
    for topic in topics:
        shutil.copy(point.script, scripts / f"{topic}.lua")
    (bench.folder / "config" / "moonroute.lua").write_text(point.configuration)
    ready = dataclasses.replace(bench, topic=topics[0], replies=replies)
    more = [(f"header-{number}", b"a value of some length") for number in range(point.headers)]
    say(f"producing {point.messages} requests")
    produce(ready, requests(point), lambda made, identity: [*plain_headers(made, identity), *more], topics)
    return ready


def requests(point: Point) -> Iterator[tuple[bytes, bytes]]:
    values = [point.value(number) for number in range(min(100, point.messages))]
    for number, value in zip(range(point.messages), itertools.cycle(values)):
        yield value, f"{number % KEYS:012d}".encode()


def cost_of_start(bench: Bench) -> float:
    """CPU seconds of a router that serves the same topics and finds no message in them."""
    command, env = bench.moonroute()
    config = bench.folder / "config" / "moonroute.lua"
    text = config.read_text()
    config.write_text(text.replace("return {", "return { kafka = { properties = { ['auto.offset.reset'] = 'latest' } },", 1))
    port = int(env["MOONROUTE_ADMIN_LISTEN"].rpartition(":")[2])
    with running(command, env, bench.folder) as process:
        until(lambda: http_get(port, "/health/ready")[0] == 200, "the router is ready", 60)
        cpu = process.stop()
    config.write_text(text)
    return cpu


def at(bench: Bench, point: Point, rounds: int) -> Measured:
    """The median of the rounds, the start taken off."""
    bench = set_up(bench, point)
    start = cost_of_start(bench) / point.messages * 1e6
    measured = [measure(bench, *bench.moonroute(), point.messages) for _ in range(rounds)]
    say(f"{point.label}: {', '.join(f'{each.cpu - start:.2f}' for each in measured)} CPU s/million, the start {start:.2f} (load {os.getloadavg()[0]:.1f})")
    return Measured(statistics.median(each.cpu for each in measured) - start, statistics.median(each.rate for each in measured))


def run(options: argparse.Namespace) -> None:
    axes = {name: points for name, points in AXES.items() if options.only in (None, name)}
    with bench_on_kafka(options.program or build_release(), 1, []) as bench:
        results = {name: [(point, at(bench, point, options.rounds)) for point in points] for name, points in axes.items()}
    print(f"\none worker, medians of {options.rounds} round(s), the start's CPU time taken off\n")
    print(f"{'':<12}{'':>10}{'messages':>12}{'CPU s / million':>18}{'of the first':>14}{'ns / byte':>12}{'messages / s':>16}")
    for name, measured in results.items():
        first = measured[0][1].cpu
        for point, each in measured:
            a_byte = f"{each.cpu * 1e3 / point.size:.1f}" if name == "size" else ""
            print(f"{name:<12}{point.label:>10}{point.messages:>12,}{each.cpu:>18.2f}{each.cpu / first:>14.2f}{a_byte:>12}{each.rate:>16,.0f}")


def arguments(command: argparse.ArgumentParser) -> None:
    command.set_defaults(rounds=3)
    command.add_argument("--only", choices=AXES, help="measure only this axis")
