"""`tools/bench flame`: where a worker's time goes under load, as a picture."""

import argparse
import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
from support.load import value_of
from support.wait import until

from .build import ROOT, build_release, say
from .stage import bench_on_kafka, produce, running

FLAMEGRAPH = Path("/usr/share/perl5/Devel/NYTProf/flamegraph.pl")
STACK_BYTES = 16384  # of each sample: librdkafka and LuaJIT keep no frame pointers
HERTZ = 997
SHOWN = 40  # functions in the table
LEAST_WIDTH = 1.5  # pixels: what is narrower would only make the file larger


def run(options: argparse.Namespace) -> None:
    perf = shutil.which("perf")
    if perf is None or not FLAMEGRAPH.exists():
        sys.exit("bench: flame needs perf and flamegraph.pl: install the packages linux-perf and libdevel-nytprof-perl")
    with tempfile.NamedTemporaryFile(prefix="moonroute-perf-") as samples:
        take_samples(options, perf, samples.name)
        script = subprocess.run([perf, "script", "-i", samples.name, "-F", "comm,ip,sym,dso"], check=True, capture_output=True, text=True)
    stacks = Counter(stacks_of(script.stdout.splitlines()))
    title = f"a worker under load, {sum(stacks.values()):,} samples"
    picture = subprocess.run(["perl", str(FLAMEGRAPH), "--title", title, "--countname", "samples", f"--minwidth={LEAST_WIDTH}", "--width=1400", "--hash"],
                             input="".join(f"{stack} {count}\n" for stack, count in stacks.items()), check=True, capture_output=True, text=True)
    options.output.write_text(still(picture.stdout))
    print_shares(stacks)
    print(f"\nThe picture is in {options.output}.")


def still(picture: str) -> str:
    """Without its script: pages show pictures without running them."""
    without = re.sub(r"<script.*?</script>", "", picture, flags=re.DOTALL)
    return re.sub(r' on\w+="[^"]*"', "", without)


def take_samples(options: argparse.Namespace, perf: str, path: str) -> None:
    """Of the worker, amid a backlog that outlasts them."""
    with bench_on_kafka(options.program or build_release(), options.partitions, []) as bench:
        say("producing the requests")
        produce(bench, ((value_of(number), f"{number:012d}".encode()) for number in range(options.messages)))
        command, env = bench.moonroute()
        with running(command, env, bench.folder) as process:
            until(lambda: bench.cluster.count(bench.replies) > options.messages / 10, "a tenth of the replies", 60, every=0.01)
            (worker,) = psutil.Process(process.pid).children()
            with contextlib.suppress(subprocess.CalledProcessError):
                subprocess.run([perf, "record", "-q", "-e", "cpu-clock", "-F", str(HERTZ), "--call-graph", f"dwarf,{STACK_BYTES}", "-p", str(worker.pid),
                                "-o", path, "--", "sleep", str(options.seconds)], check=True, capture_output=True)
            answered = bench.cluster.count(bench.replies)
            process.stop()
    if answered >= options.messages:
        sys.exit("bench: the backlog was worked off before the samples were taken: give more --messages")


def stacks_of(lines: Iterable[str]) -> Iterator[str]:
    """Each sample's thread and functions, the outermost first, as flamegraph.pl reads them."""
    frames: list[str] = []
    thread = ""
    for line in (*lines, ""):
        if not line.strip():
            if thread:
                yield ";".join([thread, *reversed(frames)])
            frames, thread = [], ""
        elif not line.startswith(("\t", " ")):
            thread = name_of_thread(line.strip())
        elif name := name_of_frame(line.strip()):
            frames.append(name)


def name_of_thread(comm: str) -> str:
    """Our own has the program's name."""
    return comm if comm.startswith("rdk:") else "worker"


def name_of_frame(text: str) -> str:
    """Of `address function (file)`; "" where the stack could not be followed."""
    match = re.match(r"[0-9a-f]+ (.*) \((.*)\)$", text)
    if match is None or match[1] == match[2] == "[unknown]":
        return ""
    if match[1] != "[unknown]":
        return re.sub(r"\+0x[0-9a-f]+$", "", match[1])
    return "Lua, compiled" if match[2] == "//anon" else f"[{Path(match[2]).name}]"


def print_shares(stacks: Counter[str]) -> None:
    """Of the threads, and of functions with all that they call."""
    shares: Counter[str] = Counter()
    for stack, count in stacks.items():
        shares.update({name: count for name in set(stack.split(";"))})
    samples = sum(stacks.values())
    print()
    for name, count in shares.most_common(SHOWN):
        print(f"{count / samples:>8.1%}  {name}")


def arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--partitions", type=int, default=4, help="of the request topic (default: %(default)s)")
    command.add_argument("--messages", type=int, default=1_500_000, help="requests that wait (default: %(default)s)")
    command.add_argument("--seconds", type=int, default=5, help="for how long samples are taken (default: %(default)s)")
    command.add_argument("--output", type=Path, default=ROOT / "build" / "flame.svg", help="the picture (default: build/flame.svg)")
