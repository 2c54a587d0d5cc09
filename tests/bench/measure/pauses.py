"""`tools/bench pauses`: for how long Lua's collector holds up the worker's thread."""

import argparse
import json
import statistics
import subprocess

from .build import build_with_objects, say

# Handlers asleep, and small tables that the script keeps.
LOADS = [(0, 0), (100, 0), (10_000, 0), (0, 100_000), (100, 1_000_000)]
FIGURES = {"p50": "p50", "p99": "p99", "p999": "p99.9", "longest": "longest", "late": "> 2 ms"}


def run(options: argparse.Namespace) -> None:
    program = build_with_objects("pauses")
    say(f"measuring {options.rounds} rounds")
    measured: dict[tuple[int, int], list[dict[str, float]]] = {load: [] for load in LOADS}
    for _ in range(options.rounds):
        for (asleep, kept), figures in measured.items():
            done = subprocess.run([program, str(options.runs), str(asleep), str(kept)], check=True, capture_output=True, text=True)
            figures.append(json.loads(done.stdout))
    print(f"\nCPU us of a handler's run, with the collector's steps in it; {options.runs:,} runs, medians of {options.rounds} round(s)\n")
    print(f"{'asleep':<10}{'tables kept':<14}{'MiB':>8}" + "".join(f"{title:>10}" for title in FIGURES.values()))
    for (asleep, kept), figures in measured.items():
        medians = {name: statistics.median(each[name] for each in figures) for name in ("mib", *FIGURES)}
        print(f"{asleep:<10,}{kept:<14,}{medians['mib']:>8.1f}" + "".join(f"{medians[name]:>10.1f}" for name in FIGURES))
    print("\nTarget: a p99 of at most 2,000 us.")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs", type=int, default=300_000, help="of each measurement (default: %(default)s)")
