"""A real Kafka to measure on, and the processes that are measured."""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from broker import Kafka, Settings, free_port
from confluent_kafka import Producer
from support.cluster import Cluster, Headers, client_properties, unique
from support.memory import peak_memory
from support.router import environment
from support.wait import until

from .build import ROOT, SHIPPED, bare, say

SCRIPTS = ROOT / "tests" / "bench" / "scripts"
ORDERS = SCRIPTS / "orders.lua"
# As moonroute's own (src/kafka/conf.c): the comparison is of programs, not of how long they let replies gather.
LIMIT_PROPERTIES = ["linger.ms=1", "fetch.wait.max.ms=100"]
# Room for the broker's garbage: of a 1 GiB heap's it stops for about 10 ms every 2 s at 5,000 round trips a second, which are the slowest
# hundredth of anybody's.
BROKER = Settings(fast_start=False, heap="3g", young="2g")


@dataclasses.dataclass(frozen=True)
class Bench:
    """What all measurements share."""

    cluster: Cluster
    topic: str
    replies: str
    folder: Path
    program: Path
    properties: list[str]  # of librdkafka, NAME=VALUE, for both sides

    def moonroute(self, program: Path | None = None) -> tuple[list[str], dict[str, str]]:
        """The command with one worker, and its environment with a new group and a free admin port."""
        command = [str(program or self.program), "run", "--workers", "1", "--scripts", str(self.folder / "scripts"), "--log-level", "warn"]
        listen = f"127.0.0.1:{free_port()}"
        return command, environment({"KAFKA_BROKERS": self.cluster.bootstrap, "KAFKA_GROUP_ID": unique("bench"),
                                     "MOONROUTE_ADMIN_LISTEN": listen})

    def limit(self, libraries: str = SHIPPED) -> tuple[list[str], dict[str, str]]:
        properties = [f"bootstrap.servers={self.cluster.bootstrap}", f"group.id={unique('bench')}", *LIMIT_PROPERTIES, *self.properties]
        return [bare("limit", libraries), str(ORDERS), self.topic, *properties], environment()


@contextlib.contextmanager
def bench_on_kafka(program: Path, partitions: int, properties: list[str], script: Path = ORDERS) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="moonroute-bench-") as folder, contextlib.ExitStack() as stack:
        say("starting Kafka")
        kafka = stack.enter_context(Kafka(BROKER))
        cluster = stack.enter_context(contextlib.closing(Cluster(kafka.bootstrap)))
        topic = cluster.create_topic("orders", partitions)
        replies = cluster.create_topic("replies", partitions)
        scripts = Path(folder) / "scripts"
        scripts.mkdir()
        shutil.copy(script, scripts / f"{topic}.lua")
        config = Path(folder) / "config" / "moonroute.lua"  # where run finds it
        config.parent.mkdir()
        config.write_text(configuration(properties))
        yield Bench(cluster, topic, replies, Path(folder), program, properties)


def configuration(properties: list[str], more: str = "") -> str:
    """With more of Moonroute's settings, as they stand in the file."""
    pairs = (each.split("=", 1) for each in properties)
    return f"return {{ kafka = {{ properties = {{ {', '.join(f'[{name!r}] = {value!r}' for name, value in pairs)} }} }}, {more} }}\n"


class Process:
    """A program to be measured: started, stopped by SIGTERM, and its CPU time with that of its children."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        self.log = folder / "stderr.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        self.pid = self._process.pid

    def check(self) -> None:
        """Ends the measurement where the program has ended."""
        if self._process.poll() is not None:
            sys.exit(f"bench: ended by itself, exit code {self._process.returncode}\n{self.log.read_text()[-4000:]}")

    def peak_memory(self) -> float:
        """MiB: the most that was resident of it and of each of its children, until now."""
        return sum(peak_memory(each.pid) for each in self._family())

    def cpu(self) -> float:
        """CPU seconds, user and system, of it and its children until now."""
        return sum(times.user + times.system for times in (each.cpu_times() for each in self._family()))

    def stop(self) -> float:
        """CPU seconds, user and system, over the life of the process and of the children it waited for."""
        self._process.send_signal(signal.SIGTERM)
        _pid, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        if self._process.returncode != 0:
            sys.exit(f"bench: exit code {self._process.returncode}\n{self.log.read_text()[-4000:]}")
        return usage.ru_utime + usage.ru_stime

    def _family(self) -> list[psutil.Process]:
        own = psutil.Process(self.pid)
        return [own, *own.children(recursive=True)]

    def kill(self) -> None:
        """For the way out of a measurement that failed."""
        if self._process.poll() is None:
            for each in reversed(self._family()):
                each.kill()
            self._process.wait()


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str], folder: Path) -> Iterator[Process]:
    process = Process(command, env, folder)
    try:
        yield process
    finally:
        process.kill()


def plain_headers(bench: Bench, correlation_id: bytes) -> Headers:
    return [("correlation-id", correlation_id), ("reply-to", bench.replies.encode())]


def produce(bench: Bench, requests: Iterable[tuple[bytes, bytes]], headers_of: Callable[[Bench, bytes], Headers] = plain_headers,
            topics: Sequence[str] = ()) -> None:
    """Each a value and a key; their numbers are the correlation ids. To the topics in turn, if there are any."""
    with sending(bench, batch_size=200_000) as send:
        for number, (value, key) in enumerate(requests):
            topic = topics[number % len(topics)] if topics else bench.topic
            send(topic, value, key, headers=headers_of(bench, f"{number:012d}".encode()))


@contextlib.contextmanager
def sending(bench: Bench, **properties: Any) -> Iterator[Callable[..., None]]:
    """Producer.produce of a producer, which waits for room; at the end all must have gone out."""
    producer = Producer(client_properties(bench.cluster.bootstrap, linger_ms=20, message_max_bytes=2_000_000, **properties))

    def send(*what: Any, **more: Any) -> None:
        while True:
            try:
                return producer.produce(*what, **more)
            except BufferError:
                producer.poll(0.1)

    yield send
    if producer.flush(180) != 0:
        sys.exit("bench: the requests could not be produced")


def work_off(answered: Callable[[], int], messages: int, seconds: float = 300) -> float:
    """Waits for so many replies, of which `answered` tells how many there are; messages a second, from the first ones to the last."""
    count = until(answered, "the first replies", 60, every=0.005)
    began = time.monotonic()
    until(lambda: answered() >= messages, f"{messages} replies", seconds, every=0.05)
    return (messages - count) / (time.monotonic() - began)


def check_count(answered: int, messages: int) -> None:
    """Once the program has ended: none may be there twice."""
    if answered != messages:
        sys.exit(f"bench: {answered} replies to {messages} requests")
