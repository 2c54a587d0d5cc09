"""For measurements that put routers with several libraries beside one another in one run."""

import argparse
import sys
from pathlib import Path

from .build import LIBRARIES, SHIPPED, build_release


def add_libraries(command: argparse.ArgumentParser) -> None:
    command.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=[SHIPPED], metavar="LIBRARIES",
                         help=f"librdkafka and LuaJIT of both sides, {' or '.join(LIBRARIES)}; several are measured in one run (default: {SHIPPED})")


def programs(options: argparse.Namespace) -> dict[str, Path]:
    """The router to measure, for each of the libraries."""
    if options.program and len(options.libraries) > 1:
        sys.exit("bench: --program is one binary: name one of --libraries beside it")
    return {each: options.program or build_release(each) for each in options.libraries}
