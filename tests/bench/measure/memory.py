"""`tools/bench memory`: the most memory that a worker takes with a backlog, and how fast it works it off."""

import argparse
import dataclasses
import json
import shutil
from collections.abc import Iterator

import psutil
from support.memory import peak_memory

from .build import build_release, say
from .stage import SCRIPTS, Bench, bench_on_kafka, check_count, configuration, plain_headers, running, sending, work_off

PATIENT = SCRIPTS / "patient.lua"
MIB = 2**20
TARGET = 150


@dataclasses.dataclass(frozen=True)
class Case:
    messages: int
    size: int
    partitions: int = 4
    groups: int = 1  # each with a topic of its own
    sleep: int = 0  # ms, how long each handler waits
    every: int = 1  # it does so for one message in so many
    concurrency: int = 64
    compression: str = "none"
    ordering: str = "none"

    def values(self) -> Iterator[bytes]:
        for number in range(self.messages):
            value = {"id": number, "text": ""}
            if self.sleep and number % self.every == 0:
                value["sleep"] = self.sleep
            value["text"] = "x" * (self.size - len(json.dumps(value)))
            yield json.dumps(value).encode()


CASES = {
    "250 B, 4 partitions": Case(1_000_000, 250),
    "250 B, 100 partitions": Case(1_000_000, 250, partitions=100),
    "1 MB, 4 partitions": Case(2_000, 1_000_000),
    "1 MB, 100 partitions": Case(2_000, 1_000_000, partitions=100),
    "10 KB, 4 partitions": Case(100_000, 10_000),
    "10 KB, 100 partitions": Case(100_000, 10_000, partitions=100),
    "10 KB, compressed": Case(100_000, 10_000, compression="lz4"),
    "10 KB, 8 groups": Case(20_000, 10_000, groups=8),
    "10 KB, 20 ms each, 100 at once": Case(20_000, 10_000, sleep=20, concurrency=100),
    "10 KB, 200 ms each, 1,000 at once": Case(50_000, 10_000, sleep=200, concurrency=1_000),
    "1 MB, 20 ms each, 1,000 at once": Case(1_000, 1_000_000, sleep=20, concurrency=1_000),
    "250 B, 1 in 1,000 takes 20 s": Case(500_000, 250, sleep=20_000, every=1_000, concurrency=1_000),
}


@dataclasses.dataclass(frozen=True)
class Measured:
    peak: float  # MiB
    after: float  # MiB, when all is answered
    rate: float  # messages a second


def produce_all(bench: Bench, topics: list[str], case: Case) -> None:
    with sending(bench, queue_buffering_max_kbytes=65536, compression_type=case.compression) as send:
        for topic in topics:
            for number, value in enumerate(case.values()):
                send(topic, value, partition=number % case.partitions, headers=plain_headers(bench, f"{number}".encode()))


def set_up(bench: Bench, name: str, case: Case) -> tuple[Bench, list[str]]:
    """A folder and topics of its own."""
    number = list(CASES).index(name)
    topics = [bench.cluster.create_topic(f"case-{number}-{group}", case.partitions, **{"retention.ms": "-1"}) for group in range(case.groups)]
    folder = bench.folder / f"case-{number}"
    (folder / "scripts").mkdir(parents=True)
    for topic in topics:
        shutil.copy(PATIENT, folder / "scripts" / f"{topic}.lua")
    routes = ", ".join(f"[{topic!r}] = {{ group_id = 'g-{topic}' }}" for topic in topics)
    config = folder / "config" / "moonroute.lua"
    config.parent.mkdir()
    defaults = f"ordering = {case.ordering!r}, concurrency = {case.concurrency}"
    config.write_text(configuration(bench.properties, f"routes = {{ {routes} }}, defaults = {{ {defaults} }}"))
    replies = bench.cluster.create_topic(f"replies-{number}", case.partitions)
    return dataclasses.replace(bench, folder=folder, topic=topics[0], replies=replies), topics


def measure(bench: Bench, messages: int) -> Measured:
    command, env = bench.moonroute()
    with running(command, env, bench.folder) as router:
        rate = work_off(lambda: bench.cluster.count(bench.replies), messages, 600)
        (worker,) = psutil.Process(router.pid).children()
        peak, after = peak_memory(worker.pid), worker.memory_info().rss / MIB
        router.stop()
    check_count(bench.cluster.count(bench.replies), messages)
    return Measured(peak, after, rate)


def run(options: argparse.Namespace) -> None:
    print(f"{'backlog':<36}{'messages':>10}{'MB':>7}{'peak MiB':>10}{'after':>8}{'messages / s':>14}{'MB / s':>9}")
    for name, case in CASES.items():
        if options.only and options.only not in name:
            continue
        with bench_on_kafka(options.program or build_release(), 1, options.property) as bench:
            here, topics = set_up(bench, name, case)
            say(f"{name}: producing")
            produce_all(here, topics, case)
            measured = measure(here, case.messages * case.groups)
        print(f"{name:<36}{case.messages * case.groups:>10,}{case.messages * case.groups * case.size / 1e6:>7,.0f}{measured.peak:>10.1f}"
              f"{measured.after:>8.1f}{measured.rate:>14,.0f}{measured.rate * case.size / 1e6:>9.1f}", flush=True)
    print(f"\nTarget: at most {TARGET} MiB, whatever the backlog.")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--only", metavar="TEXT", help="only the backlogs whose names have this in them")
    command.add_argument("--property", action="append", default=[], metavar="NAME=VALUE", help="librdkafka property; may be repeated")
