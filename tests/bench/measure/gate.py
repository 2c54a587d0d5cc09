"""`tools/bench gate`: instructions a message of the worker's own thread, against the recorded figure.

Ends with 1 where they are more than 5 % above it, or where none is recorded for the compiler and the libraries of this machine.
"""

import argparse
import contextlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import confluent_kafka
from confluent_kafka import Producer
from support.cluster import Cluster, client_properties
from support.load import value_of
from support.router import environment
from support.wait import until

from .build import BARE, build_preloaded, build_release, say
from .figures import Versions, judge, record, recorded_for
from .stage import ORDERS, running

FOLDER = BARE / "gate"
FEW, MANY = 5_000, 15_000  # the second run less the first: start and stop do not count
TOGETHER = 1_000  # so many are asked when those before are answered: what is in flight, and so what is new in a pool, does not depend on time
PARTITIONS = 4  # of the embedded cluster's topics
PACKAGES = ["libc6-dev", "librdkafka-dev", "libluajit-5.1-dev", "libuv1-dev", "libjemalloc-dev", "valgrind"]
# Under valgrind, beside other work, all takes longer; and the embedded cluster tells of new records when a fetch is over. It has no static members.
CONFIGURATION = """return {
    defaults = { budget = { time = 60000 } },
    kafka = { group_instance_id = "", properties = { ["fetch.wait.max.ms"] = "10", ["session.timeout.ms"] = "60000" } },
}
"""


class Embedded:
    """librdkafka's embedded cluster, in this process: what it costs is not counted."""

    def __init__(self) -> None:
        self._producer = Producer(client_properties("embedded", test_mock_num_brokers=1, linger_ms=1000, batch_size=1_000_000))
        (broker,) = self._producer.list_topics(timeout=15).brokers.values()
        self.cluster = Cluster(f"{broker.host}:{broker.port}")
        for topic in "orders", "replies":  # one that is asked for is there from then on
            until(lambda topic=topic: len(self.cluster.partitions(topic)) == PARTITIONS, f"topic {topic}")

    def ask(self, first: int) -> None:
        """A batch for each partition, of the same size each time."""
        for number in range(first, first + TOGETHER):
            identity = f"{number:012d}".encode()
            self._producer.produce("orders", value_of(number), identity, partition=number % PARTITIONS,
                                   headers=[("correlation-id", identity), ("reply-to", b"replies")])
        if self._producer.flush(30) != 0:
            sys.exit("bench: the requests could not be produced")

    def close(self) -> None:
        self.cluster.close()


def instructions(program: Path, messages: int) -> dict[int, int]:
    """By thread of the worker over its life, ours is the first; its profiles stay in a folder."""
    folder = FOLDER / str(messages)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ORDERS, folder / "scripts" / "orders.lua")
    (folder / "moonroute.lua").write_text(CONFIGURATION)
    with contextlib.closing(Embedded()) as embedded:
        command = [str(program), "run", "--workers", "1", "--config", "moonroute.lua", "--scripts", "scripts", "--log-level", "warn"]
        with running(command, under_callgrind(program, embedded.cluster.bootstrap), folder) as process:
            for first in range(0, messages, TOGETHER):
                embedded.ask(first)
                until(lambda wanted=first + TOGETHER: embedded.cluster.count("replies") >= wanted, f"the replies (log: {process.log})", 120)
            process.stop()
        answered = embedded.cluster.count("replies")
    if answered != messages:
        sys.exit(f"bench: {answered} replies to {messages} requests (log: {process.log})")
    return {int(path.name.removeprefix("profile-")): total(path) for path in folder.glob("profile-*")}


def total(profile: Path) -> int:
    return int(re.search(r"^totals: (\d+)$", profile.read_text(), re.MULTILINE)[1])


def under_callgrind(program: Path, bootstrap: str) -> dict[str, str]:
    words = ["/usr/bin/valgrind", "-q", "--tool=callgrind", "--separate-threads=yes", "--callgrind-out-file=profile", str(program)]
    return environment({"KAFKA_BROKERS": bootstrap, "KAFKA_GROUP_ID": "gate", "MOONROUTE_ADMIN_LISTEN": "127.0.0.1:0",
                        "LD_PRELOAD": str(BARE / "under.so"), "BENCH_UNDER": " ".join(words)})


def versions() -> Versions:
    """Of what the figure depends on. Without Debian's own part: its security updates change no instructions worth a new record."""
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${source:Upstream-Version}\n", *PACKAGES], check=True, capture_output=True, text=True)
    compiler = subprocess.run(["cc", "-dumpfullversion"], check=True, capture_output=True, text=True).stdout.strip()
    packages = dict(line.split(" ") for line in asked.stdout.splitlines())
    return {"machine": platform.machine(), "gcc": compiler, "confluent-kafka": confluent_kafka.__version__,
            **{name.removesuffix("-dev"): packages[name] for name in PACKAGES}}


def run(options: argparse.Namespace) -> None:
    program = options.program or build_release("system")  # whose versions the figure is recorded for
    build_preloaded("under")
    measured = []
    for number in range(options.rounds):
        few, many = instructions(program, FEW), instructions(program, MANY)
        ours, all_threads = ((count(many) - count(few)) / (MANY - FEW) for count in (lambda by_thread: by_thread[1], lambda by_thread: sum(by_thread.values())))
        say(f"round {number + 1}: {ours:,.0f} instructions a message, with librdkafka's threads {all_threads:,.0f}")
        measured.append(ours)
    figure = statistics.median(measured)
    if options.record:
        record(figure, versions())
        print(f"Recorded: {figure:,.0f} instructions a message.")
        return
    verdict = judge(figure, recorded_for(versions()), versions())
    print(verdict.text)
    if not verdict.good:
        sys.exit(1)


def arguments(command: argparse.ArgumentParser) -> None:
    command.set_defaults(rounds=1)
    command.add_argument("--record", action="store_true", help="keep the figure as the one to compare with, in tests/bench/gate.json")
