"""`tools/bench json`: reading and writing JSON documents, against lua-cjson."""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from support.load import value_of

from .build import build_with_objects, say

WORDS = ["order", "price list", "a longer text with some words in it", "ключ", "naïve €", "first line\nsecond", 'a "quoted" word', ""]


def documents() -> dict[str, bytes]:
    """By name; the same at each call."""
    chance = random.Random(6)

    def words(most: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(1, most)))

    def nested(levels: int) -> dict[str, object]:
        return {"level": levels, "items": [nested(levels - 1)] if levels else []}

    strings = [{"name": f"{words(2)}{number}", "text": words(12)} for number in range(500)]
    numbers = [[chance.randrange(-10**6, 10**6), chance.randrange(2**40), round(chance.uniform(0, 1e5), 2), chance.random(),
                chance.uniform(-1, 1) * 10.0 ** chance.randrange(-30, 30)] for _ in range(500)]
    made: dict[str, object] = {"strings": strings, "numbers": numbers, "deep": nested(200)}
    return {"message": value_of(1), **{name: json.dumps(value, ensure_ascii=False).encode() for name, value in made.items()}}


def run(options: argparse.Namespace) -> None:
    program = build_with_objects("json")
    with tempfile.TemporaryDirectory(prefix="moonroute-bench-") as folder:
        sizes = {}
        for name, text in documents().items():
            (Path(folder) / name).write_bytes(text)
            sizes[name] = len(text)
        say(f"measuring {options.rounds} rounds")
        done = subprocess.run([program, str(options.rounds), str(options.ms), *sizes], cwd=folder, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"\nCPU ns a document, medians of {options.rounds} round(s)\n")
    print(f"{'document':<12}{'bytes':>8}  {'':<8}{'lua-cjson':>12}{'moonroute':>12}{'times as fast':>16}")
    for name, size in sizes.items():
        for direction in "decode", "encode":
            ours, theirs = (statistics.median(line[direction] for line in lines if (line["file"], line["side"]) == (name, side))
                            for side in ("moonroute", "lua-cjson"))
            print(f"{name:<12}{size:>8}  {direction:<8}{theirs:>12,.0f}{ours:>12,.0f}{theirs / ours:>16.2f}")
    print("\nTarget: the message at least 2 times as fast, both ways.")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ms", type=int, default=50, help="of each measurement (default: 50)")
