"""Builds what is measured: the release preset and the programs of tests/bench."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BARE = ROOT / "build" / "bench"


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def build_release() -> Path:
    say("building the release preset")
    quietly(["cmake", "--preset", "release", "-D", "MR_LIBRARIES=system"])  # all figures are of these, whatever tools/deps has built
    quietly(["cmake", "--build", "--preset", "release"])
    return ROOT / "build" / "release" / "moonroute"


def build_bare(*names: str) -> None:
    """The programs of tests/bench, each a file of its name."""
    BARE.mkdir(parents=True, exist_ok=True)
    sources = ROOT / "tests" / "bench"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "rdkafka", "luajit"], check=True, capture_output=True, text=True)
    for name in names:
        quietly(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-pthread", "-o", str(BARE / name), str(sources / f"{name}.c"),
                 str(sources / "bare.c"), *flags.stdout.split()])


def build_preloaded(name: str) -> None:
    """A program of tests/bench that is loaded into another one before its own libraries."""
    BARE.mkdir(parents=True, exist_ok=True)
    quietly(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(BARE / f"{name}.so"),
             str(ROOT / "tests" / "bench" / f"{name}.c"), "-ldl"])


def build_with_objects(name: str) -> Path:
    """A program of tests/bench that is made of the release preset's rooms of src/lua and src/base."""
    build_release()
    BARE.mkdir(parents=True, exist_ok=True)
    release = ROOT / "build" / "release" / "CMakeFiles"
    objects = [str(each) for folder in ("mr_lua.dir", "mr_lua_json.dir", "mr_lua_run.dir", "mr_config.dir", "mr_base_machine.dir",
                                                    "mr_base.dir") for each in (release / folder).rglob("*.o")]
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "luajit", "uuid"], check=True, capture_output=True, text=True)
    quietly(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", f"-I{ROOT / 'src'}", "-o", str(BARE / name),
             str(ROOT / "tests" / "bench" / f"{name}.c"), *objects, *flags.stdout.split(), "-llua5.1-cjson", "-lm"])
    return BARE / name


def quietly(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: failed: {' '.join(command)}\n{done.stdout[-4000:]}")
