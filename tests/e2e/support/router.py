"""The program under test: one `moonroute run`, its workers, its log and its admin listener."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from broker import free_port

from .cluster import unique
from .wait import until

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("MR_PROGRAM", str(ROOT / "build" / "dev" / "moonroute"))
STOP_SECONDS = 20.0


def environment(extra: dict[str, str | None] | None = None) -> dict[str, str]:
    """Nothing of the developer's own settings reaches the program; None takes a variable out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "MOONROUTE_", "IS_DOCKER"))}
    return {name: value for name, value in (kept | (extra or {})).items() if value is not None}


class Scripts:
    """A folder of handler scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, topic: str, text: str) -> Path:
        """Replaces the file in one step, as an editor or a deployment would."""
        path = self.folder / f"{topic}.lua"
        fresh = self.folder / f".{topic}.new"
        fresh.write_text(text)
        fresh.rename(path)
        return path

    def remove(self, topic: str) -> None:
        (self.folder / f"{topic}.lua").unlink()


class Router:
    """Starts with start(); stop() asks it to end and asserts that it did so well; close() ends it in any case."""

    def __init__(self, brokers: str, scripts: Scripts, folder: Path, *, workers: int = 1, port: int | None = None,
                 config: str | None = None, env: dict[str, str | None] | None = None, arguments: Iterable[str] = (),
                 option_admin: bool = True, wrapper: Iterable[str] = (), address: str = "127.0.0.1") -> None:
        self.group = unique("group")
        self.address = address  # of its admin listener
        self.port = port or free_port()
        self.scripts = scripts
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "log.jsonl"
        self.process: subprocess.Popen | None = None
        self._env = environment({"KAFKA_BROKERS": brokers, "KAFKA_GROUP_ID": self.group} | (env or {}))
        self._command = [*wrapper, PROGRAM, "run", "--scripts", str(scripts.folder), "--workers", str(workers), *arguments]
        if option_admin:
            self._command += ["--admin", f"{address}:{self.port}"]
        if config is not None:
            (folder / "moonroute.lua").write_text(config)
            self._command += ["--config", str(folder / "moonroute.lua")]

    def start(self, ready: bool = True) -> "Router":
        assert self.process is None, "it runs already"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=self.folder, env=self._env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        if ready:
            self.await_ready()
        return self

    # Its processes.

    @property
    def pid(self) -> int:
        """The master's; under a wrapper, that of the wrapper's child."""
        assert self.process is not None, "it does not run"
        own = psutil.Process(self.process.pid)
        if own.name() == Path(PROGRAM).name:
            return own.pid
        return until(lambda: own.children(), "the wrapper has started the program")[0].pid

    def workers(self) -> list[int]:
        """The living children of the master."""
        try:
            children = psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []
        return sorted(child.pid for child in children if alive(child.pid))

    def exited(self) -> int | None:
        assert self.process is not None
        return self.process.poll()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def reload(self) -> None:
        self.signal(signal.SIGHUP)

    def await_exit(self, seconds: float = STOP_SECONDS) -> int:
        """Waits for the end; gives the exit code, or minus the signal."""
        assert self.process is not None
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:g} s\n{self.log_text()[-4000:]}") from None
        self.process = None
        return code

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM, exit code 0, and nobody left."""
        workers = self.workers()
        self.signal(signal.SIGTERM)
        code = self.await_exit(seconds)
        assert code == 0, f"exit code {code} after SIGTERM\n{self.log_text()[-4000:]}"
        assert not [pid for pid in workers if alive(pid)], "workers are left"

    def kill_master(self) -> list[int]:
        """kill -9; gives the workers that were there."""
        workers = self.workers()
        self.signal(signal.SIGKILL)
        assert self.await_exit() == -signal.SIGKILL
        return workers

    def close(self) -> None:
        if self.process is None:
            return
        family = psutil.Process(self.process.pid).children(recursive=True) if self.exited() is None else []
        self.process.kill()
        for member in family:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                pass
        self.process.wait()
        self.process = None

    # What it says.

    def log_text(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log(self) -> list[dict[str, Any]]:
        """Every line, each of which must be a JSON object."""
        complete = self.log_text().rpartition("\n")[0]
        return [json.loads(line) for line in complete.splitlines()]

    def await_log(self, text: str, after: int = 0, seconds: float = 20.0) -> None:
        try:
            until(lambda: text in self.log_text()[after:], f"the log says {text!r}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says:\n{self.log_text()[-4000:]}") from None

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 where nobody answers."""
        return http_get(self.port, path, self.address)

    def ready(self) -> bool:
        return self.get("/health/ready")[0] == 200

    def await_live(self, seconds: float = 30.0) -> None:
        """From then on signals mean to it what they should."""
        until(lambda: self.get("/health/live")[0] == 200, "/health/live answers 200", seconds)

    def await_ready(self, seconds: float = 30.0) -> None:
        def ready_or_gone() -> bool:
            assert self.exited() is None, f"ended with {self.exited()} while it started\n{self.log_text()[-4000:]}"
            return self.ready()

        try:
            until(ready_or_gone, "/health/ready answers 200", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.get('/health/ready')}\n{self.log_text()[-4000:]}") from None


def http_get(port: int, path: str, address: str = "127.0.0.1") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def alive(pid: int) -> bool:
    """True for a process that runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def moonroute(*arguments: str, env: dict[str, str] | None = None, folder: Path | None = None, stdin: str | None = None,
              seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    """One command, to its end; of the environment it sees only what is given."""
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([PROGRAM, *arguments], env=environment(env), cwd=folder, capture_output=True, text=True, timeout=seconds,
                          check=False, **given)
