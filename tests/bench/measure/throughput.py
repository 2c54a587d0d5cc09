"""`tools/bench throughput`: CPU time a message and messages a second, against a bare loop."""

import argparse
import dataclasses
import statistics

from support.load import value_of

from .build import build_bare, say
from .sides import add_libraries, programs
from .stage import Bench, bench_on_kafka, check_count, produce, running, work_off


SIDES = ("limit", "moonroute")
Side = tuple[str, str]  # one of SIDES, and its libraries


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
    routers = programs(options)
    rounds: dict[Side, list[Measured]] = {(who, each): [] for each in options.libraries for who in options.only or SIDES}
    for each in options.libraries:
        build_bare("limit", libraries=each)
    with bench_on_kafka(routers[options.libraries[0]], options.partitions, options.property) as bench:
        say("producing the requests")
        produce(bench, ((value_of(number), f"{number:012d}".encode()) for number in range(options.messages)))
        for number in range(options.rounds):
            for (who, libraries), measured in rounds.items():
                command, env = bench.limit(libraries) if who == "limit" else bench.moonroute(routers[libraries])
                latest = measure(bench, command, env, options.messages)
                say(f"round {number + 1}, {who} ({libraries}): {latest.cpu:.2f} CPU s/million, {latest.rate:,.0f} messages/s")
                measured.append(latest)
    print_throughput(rounds, options)


def print_throughput(rounds: dict[Side, list[Measured]], options: argparse.Namespace) -> None:
    cpu = {side: statistics.median(each.cpu for each in measured) for side, measured in rounds.items()}
    rate = {side: statistics.median(each.rate for each in measured) for side, measured in rounds.items()}
    print(f"\n{options.messages} messages of 250 B, {options.partitions} partition(s), medians of {options.rounds} round(s)\n")
    print(f"{'':<20}{'CPU s / million':>18}{'messages / s':>16}")
    for (who, libraries), each in cpu.items():
        print(f"{f'{who} ({libraries})':<20}{each:>18.2f}{rate[who, libraries]:>16,.0f}")
    if options.only:
        return
    for libraries in options.libraries:
        ours, bare = ("moonroute", libraries), ("limit", libraries)
        print(f"{f'ratio ({libraries})':<20}{cpu[ours] / cpu[bare]:>18.2f}{rate[ours] / rate[bare]:>16.2f}")
    print("\nTarget: moonroute's CPU at most 0.70 of the limit's, its messages a second at least 1.10.")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--partitions", type=int, default=1, help="of the request topic (default: 1)")
    command.add_argument("--messages", type=int, default=300_000, help="requests a round (default: 300000)")
    command.add_argument("--only", nargs=1, choices=SIDES, help="measure only this one")
    add_libraries(command)
    command.add_argument("--property", action="append", default=[], metavar="NAME=VALUE",
                         help="librdkafka property for both sides; may be repeated")
