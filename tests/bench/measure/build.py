"""Builds what is measured: the release preset and the programs of tests/bench."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BARE = ROOT / "build" / "bench"
LIBRARIES = ("deps", "system")  # librdkafka and LuaJIT: those that ship, and this machine's own (MR_LIBRARIES of CMakeLists.txt)
SHIPPED = LIBRARIES[0]


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def release(libraries: str) -> Path:
    return BARE / libraries / "release"


def build_release(libraries: str = SHIPPED) -> Path:
    say(f"building the release preset with the libraries of {libraries}")
    quietly(["cmake", "--preset", "release", "-B", str(release(libraries)), "-D", f"MR_LIBRARIES={libraries}"])
    quietly(["cmake", "--build", str(release(libraries))])
    return release(libraries) / "moonroute"


def bare(name: str, libraries: str = SHIPPED) -> str:
    """The path of a program that build_bare() has built."""
    return str(BARE / libraries / name)


def build_bare(*names: str, libraries: str = SHIPPED) -> None:
    """The programs of tests/bench, each a file of its name, linked as the router is."""
    (BARE / libraries).mkdir(parents=True, exist_ok=True)
    sources = ROOT / "tests" / "bench"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "rdkafka", "luajit"], check=True, capture_output=True, text=True,
                           env=os.environ | package_path(libraries))
    for name in names:
        quietly(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-pthread", "-o", bare(name, libraries), str(sources / f"{name}.c"),
                 str(sources / "bare.c"), *flags.stdout.split()])


def package_path(libraries: str) -> dict[str, str]:
    if libraries != "deps":
        return {}
    prefix = subprocess.run([ROOT / "tools" / "deps"], check=True, capture_output=True, text=True).stdout.strip()
    return {"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}


def build_preloaded(name: str) -> None:
    """A program of tests/bench that is loaded into another one before its own libraries."""
    BARE.mkdir(parents=True, exist_ok=True)
    quietly(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(BARE / f"{name}.so"),
             str(ROOT / "tests" / "bench" / f"{name}.c"), "-ldl"])


def build_with_objects(name: str) -> Path:
    """A program of tests/bench that is made of the release preset's rooms of src/lua and src/base, with this machine's LuaJIT."""
    build_release("system")
    made = release("system") / "CMakeFiles"
    objects = [str(each) for folder in ("mr_lua.dir", "mr_lua_json.dir", "mr_lua_run.dir", "mr_config.dir", "mr_base_machine.dir",
                                                    "mr_base.dir") for each in (made / folder).rglob("*.o")]
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "luajit", "uuid"], check=True, capture_output=True, text=True)
    quietly(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", f"-I{ROOT / 'src'}", "-o", str(BARE / name),
             str(ROOT / "tests" / "bench" / f"{name}.c"), *objects, *flags.stdout.split(), "-llua5.1-cjson", "-lm"])
    return BARE / name


def quietly(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: failed: {' '.join(command)}\n{done.stdout[-4000:]}")
