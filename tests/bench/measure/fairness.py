"""`tools/bench fairness`: requests on quiet routes beside a backlog on one partition, of cheap messages or of dear ones."""

import argparse
import contextlib
import dataclasses
import json
import shutil
import statistics
import threading
import time
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from support.cluster import client_properties, unique
from support.load import value_of
from support.wait import until

from .build import build_release, say
from .stage import SCRIPTS, Bench, Process, bench_on_kafka, configuration, running

COMMIT_INTERVAL_MS = 1000
PATIENCE_S = 20  # for what is not answered when asking ends
OTHER_GROUP = "other"


@dataclasses.dataclass(frozen=True)
class Target:
    name: str
    topic: str
    partition: int


@dataclasses.dataclass(frozen=True)
class Seen:
    """Of one target: ms, and how many got no answer at all."""

    p50: float
    p99: float
    unanswered: int


class Asking:
    """Asks all targets in turn at a steady rate, whatever becomes of the answers."""

    def __init__(self, bench: Bench, targets: list[Target], rate: int) -> None:
        self._replies = bench.cluster.create_topic(unique("answers"), 1)
        self._targets = [*targets, Target("no router", self._replies, 0)]  # what Kafka and the asker take by themselves
        self._rate = rate
        self._producer = Producer(client_properties(bench.cluster.bootstrap, linger_ms=0))
        self._consumer = Consumer(client_properties(bench.cluster.bootstrap, group_id=unique("asker"), fetch_wait_max_ms=100))
        self._consumer.assign([TopicPartition(self._replies, 0, 0)])
        self._sent: dict[int, float] = {}
        self._took: dict[int, float] = {}

    def _listen(self, ended: threading.Event) -> None:
        while not ended.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                number = int(dict(message.headers())["correlation-id"])
                self._took[number] = time.monotonic() - self._sent[number]

    def _send(self, number: int) -> None:
        target = self._targets[number % len(self._targets)]
        self._sent[number] = time.monotonic()
        self._producer.produce(target.topic, value_of(number), partition=target.partition,
                               headers=[("correlation-id", str(number)), ("reply-to", self._replies)])
        self._producer.poll(0)

    def ask(self, seconds: float, patience: float) -> dict[str, Seen]:
        ended = threading.Event()
        listener = threading.Thread(target=self._listen, args=(ended,))
        listener.start()
        first, count = len(self._sent), int(seconds * self._rate * len(self._targets))
        began = time.monotonic()
        for number in range(first, first + count):
            time.sleep(max(0.0, began + (number - first) / self._rate / len(self._targets) - time.monotonic()))
            self._send(number)
        with contextlib.suppress(AssertionError):
            until(lambda: len(self._took) >= first + count, "all answers", patience)
        ended.set()
        listener.join()
        return {target.name: self._seen(range(first + place, first + count, len(self._targets))) for place, target in enumerate(self._targets)}

    def _seen(self, numbers: range) -> Seen:
        """What was not answered counts as one that took until now."""
        now = time.monotonic()
        took = sorted(1000 * self._took.get(number, now - self._sent[number]) for number in numbers)
        return Seen(statistics.median(took), took[min(len(took) - 1, len(took) * 99 // 100)], sum(number not in self._took for number in numbers))

    def close(self) -> None:
        self._consumer.close()


class Commits:
    """Watches what a group commits of the backlog: how long it was from one commit to the next."""

    def __init__(self, bench: Bench, group: str, busy: Target) -> None:
        self._ended = threading.Event()
        self._consumer = Consumer(client_properties(bench.cluster.bootstrap, group_id=group, enable_auto_commit=False))
        self._asked = TopicPartition(busy.topic, busy.partition)
        self.longest = 0.0  # seconds
        self.offset = 0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        moved = None
        while not self._ended.wait(0.02):
            try:
                offset = max(self._consumer.committed([self._asked], timeout=5)[0].offset, 0)
            except KafkaException:
                continue
            now = time.monotonic()
            if moved is not None and offset > 0:
                self.longest = max(self.longest, now - moved)
            if offset != self.offset or moved is None:
                self.offset, moved = offset, now

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._consumer.close()


@contextlib.contextmanager
def serving(bench: Bench, group: str) -> Iterator[Process]:
    command, env = bench.moonroute()
    with running(command, env | {"KAFKA_GROUP_ID": group}, bench.folder) as process:
        yield process


def fill(bench: Bench, busy: Target, messages: int, spin: int) -> None:
    """A backlog of requests on one partition, whose replies nobody reads."""
    say(f"producing {messages} messages")
    producer = Producer(client_properties(bench.cluster.bootstrap, linger_ms=20, batch_size=200_000))
    for number in range(messages):
        value = json.dumps({"spin": spin}).encode() if spin else value_of(number)
        while True:
            try:
                producer.produce(busy.topic, value, f"{number % 1000}", busy.partition,
                                 headers=[("correlation-id", str(number)), ("reply-to", bench.replies)])
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush(180)


def beside(bench: Bench, asking: Asking, group: str, busy: Target, options: argparse.Namespace) -> tuple[dict[str, Seen], float, float]:
    """Beside the backlog: the targets, seconds from commit to commit at most, and from SIGTERM to the end."""
    before = bench.cluster.count(bench.replies)
    with serving(bench, group) as process:
        until(lambda: bench.cluster.count(bench.replies) > before + 10, "the backlog is begun", 60)
        commits = Commits(bench, group, busy)
        try:
            seen = asking.ask(options.seconds, PATIENCE_S)
            left = bench.cluster.ends(busy.topic)[busy.partition] - commits.offset
        finally:
            commits.stop()
        if left <= 0:
            say("the backlog was worked off before asking ended: give more --cheap messages, or fewer --seconds")
        began = time.monotonic()
        process.stop()
        return seen, commits.longest, time.monotonic() - began


def fresh_targets(bench: Bench, properties: list[str]) -> list[Target]:
    """Topics that have nothing to be worked off, and the only scripts. The last target is on the backlog's topic."""
    scripts = bench.folder / "scripts"
    for script in scripts.glob("*.lua"):
        script.unlink()
    quiet, other, busy = (bench.cluster.create_topic(unique(name), 1 + (name == "busy")) for name in ("quiet", OTHER_GROUP, "busy"))
    for topic in (quiet, other, busy):
        shutil.copy(SCRIPTS / "spins.lua", scripts / f"{topic}.lua")
    (bench.folder / "config" / "moonroute.lua").write_text(configuration(
        properties, f"routes = {{ [{other!r}] = {{ group_id = {unique(OTHER_GROUP)!r} }} }}"))
    return [Target("same group", quiet, 0), Target("other group", other, 0), Target("same topic", busy, 1)]


def run(options: argparse.Namespace) -> None:
    kinds = {"cheap": (options.cheap, 0), "dear": (options.dear, options.spin)}
    with bench_on_kafka(options.program or build_release(), 2, [], SCRIPTS / "spins.lua") as bench:
        for name in options.only or kinds:
            targets, group = fresh_targets(bench, options.property), unique("fair")
            busy = Target("busy", targets[-1].topic, 0)
            with contextlib.closing(Asking(bench, targets, options.rate)) as asking:
                with serving(bench, group) as process:
                    asking.ask(2, 60)  # and it is warm
                    idle = asking.ask(options.seconds, PATIENCE_S)
                    process.stop()
                fill(bench, busy, *kinds[name])
                seen, longest, ended = beside(bench, asking, group, busy, options)
            print_beside(name, kinds[name], idle, seen)
            print(f"longest from commit to commit {longest:.2f} s (commit_interval {COMMIT_INTERVAL_MS} ms); SIGTERM to the end {ended:.2f} s")


def print_beside(name: str, kind: tuple[int, int], idle: dict[str, Seen], seen: dict[str, Seen]) -> None:
    print(f"\n{kind[0]:,} {name} messages{f' of {kind[1]} ms' if kind[1] else ''} on one partition, ms\n")
    print(f"{'':<16}{'idle p50':>10}{'p99':>10}{'beside p50':>12}{'p99':>10}{'unanswered':>12}")
    for target, each in seen.items():
        print(f"{target:<16}{idle[target].p50:>10.2f}{idle[target].p99:>10.2f}{each.p50:>12.2f}{each.p99:>10.2f}{each.unanswered:>12}")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cheap", type=int, default=1_000_000, help="messages of the cheap backlog (default: %(default)s)")
    command.add_argument("--dear", type=int, default=10_000, help="messages of the dear backlog (default: %(default)s)")
    command.add_argument("--spin", type=int, default=50, help="ms that a dear one takes (default: %(default)s)")
    command.add_argument("--seconds", type=int, default=5, help="of asking, idle and beside each backlog (default: %(default)s)")
    command.add_argument("--rate", type=int, default=40, help="requests a second to each quiet target (default: %(default)s)")
    command.add_argument("--only", action="append", choices=["cheap", "dear"], help="measure only this backlog; may be repeated")
    command.add_argument("--property", action="append", default=[], metavar="NAME=VALUE", help="librdkafka property; may be repeated")
