"""`tools/bench idle`: a worker that has nothing to do."""

import argparse
import contextlib
import statistics
import time
from pathlib import Path

import psutil
from support.asker import Asker
from support.load import value_of
from support.router import http_get
from support.wait import until

from .build import build_release, say
from .stage import Bench, bench_on_kafka, running

def start_to_first_reply(bench: Bench) -> float:
    """Seconds from the start of the process to the reply that was waiting for it."""
    with contextlib.closing(Asker(bench.cluster)) as asker:
        asker.send(bench.topic, value_of(0), asker.plain(b"first"), partition=0)
        command, env = bench.moonroute()
        started = time.monotonic()
        with running(command, env, bench.folder) as process:
            asker.reply_to(b"first", 30)
            seconds = time.monotonic() - started
            process.stop()
    return seconds


def run(options: argparse.Namespace) -> None:
    with bench_on_kafka(options.program or build_release(), options.partitions, []) as bench:
        say("measuring the start")
        starts = [start_to_first_reply(bench) for _ in range(options.rounds)]
        command, env = bench.moonroute()
        with running(command, env, bench.folder) as process:
            port = int(env["MOONROUTE_ADMIN_LISTEN"].rpartition(":")[2])
            until(lambda: http_get(port, "/health/ready")[0] == 200, "the router is ready", 30)
            (worker,) = psutil.Process(process.pid).children()
            say(f"watching an idle router for {options.seconds} s")
            processes = {"worker": worker, "master": psutil.Process(process.pid)}
            shares = cpu_shares(processes, options.seconds)
            memory = {name: each.memory_info().rss / 2**20 for name, each in processes.items()}
            process.stop()
    print(f"\n{'':<28}{'measured':>12}{'target':>12}")
    print(f"{'worker RSS, MiB':<28}{memory['worker']:>12.1f}{'< 20':>12}")
    print(f"{'worker CPU, % of a core':<28}{shares['worker']:>12.2f}{'< 0.2':>12}")
    print(f"{'start to first reply, s':<28}{statistics.median(starts):>12.2f}{'< 1.5':>12}")
    print(f"{'master RSS, MiB':<28}{memory['master']:>12.1f}")
    print(f"{'master CPU, % of a core':<28}{shares['master']:>12.2f}")


def cpu_shares(processes: dict[str, psutil.Process], seconds: float) -> dict[str, float]:
    """Percent of a core over the window, from the scheduler's nanoseconds: the tick of utime is too coarse for an idle process."""
    time.sleep(2)  # the start's work is over
    before = {name: cpu_nanoseconds(process.pid) for name, process in processes.items()}
    time.sleep(seconds)
    return {name: (cpu_nanoseconds(process.pid) - before[name]) / 1e9 / seconds * 100 for name, process in processes.items()}


def cpu_nanoseconds(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--partitions", type=int, default=1, help="of the request topic (default: 1)")
    command.add_argument("--seconds", type=float, default=30, help="how long to watch (default: 30)")
