"""`tools/bench throughput`: CPU time a message and messages a second, against a bare loop."""

import argparse
import dataclasses
import statistics
from collections.abc import Callable

from support.load import value_of

from .build import build_bare, build_release, say
from .stage import Bench, bench_on_kafka, check_count, produce, running, work_off


@dataclasses.dataclass(frozen=True)
class Measured:
    cpu: float  # seconds a million messages
    rate: float  # messages a second


def measure(bench: Bench, command: list[str], env: dict[str, str], messages: int) -> Measured:
    """Lets the program answer all requests of the topic; done when the reply topic's end says so."""
    before = bench.cluster.count(bench.replies)
    with running(command, env, bench.folder) as process:
        rate = work_off(lambda: bench.cluster.count(bench.replies) - before, messages)
        cpu = process.stop()
    check_count(bench.cluster.count(bench.replies) - before, messages)
    return Measured(cpu / messages * 1e6, rate)


def run(options: argparse.Namespace) -> None:
    build_bare("limit")
    rounds: dict[str, list[Measured]] = {"limit": [], "moonroute": []}
    with bench_on_kafka(options.program or build_release(), options.partitions, options.property) as bench:
        kinds: dict[str, Callable[[], tuple[list[str], dict[str, str]]]] = {"limit": bench.limit, "moonroute": bench.moonroute}
        if options.only:
            kinds = {options.only: kinds[options.only]}
        say("producing the requests")
        produce(bench, ((value_of(number), f"{number:012d}".encode()) for number in range(options.messages)))
        for number in range(options.rounds):
            for name, command_of in kinds.items():
                measured = measure(bench, *command_of(), options.messages)
                say(f"round {number + 1}, {name}: {measured.cpu:.2f} CPU s/million, {measured.rate:,.0f} messages/s")
                rounds[name].append(measured)
    print_throughput(rounds, options)


def print_throughput(rounds: dict[str, list[Measured]], options: argparse.Namespace) -> None:
    cpu = {name: statistics.median(each.cpu for each in measured) for name, measured in rounds.items() if measured}
    rate = {name: statistics.median(each.rate for each in measured) for name, measured in rounds.items() if measured}
    print(f"\n{options.messages} messages of 250 B, {options.partitions} partition(s), medians of {options.rounds} round(s)\n")
    print(f"{'':<12}{'CPU s / million':>18}{'messages / s':>16}")
    for name in cpu:
        print(f"{name:<12}{cpu[name]:>18.2f}{rate[name]:>16,.0f}")
    if len(cpu) == 2:
        print(f"{'ratio':<12}{cpu['moonroute'] / cpu['limit']:>18.2f}{rate['moonroute'] / rate['limit']:>16.2f}")
        print("\nTarget: moonroute's CPU at most 0.80 of the limit's, its messages a second at least 1.10.")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--partitions", type=int, default=1, help="of the request topic (default: 1)")
    command.add_argument("--messages", type=int, default=300_000, help="requests a round (default: 300000)")
    command.add_argument("--only", choices=["limit", "moonroute"], help="measure only this one")
    command.add_argument("--property", action="append", default=[], metavar="NAME=VALUE",
                         help="librdkafka property for both sides; may be repeated")
