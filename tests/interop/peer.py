"""Another ecosystem's application, as a process that asks Moonroute and is asked by it.

It reads lines of JSON and writes lines of JSON:

    {"broker": "host:port", "asks": TOPIC, "replies": TOPIC, "serves": TOPIC}      what it is to do
    -> {"ready": true}                                                  it serves, and may be told to ask
    {"values": [...], "timeout": MS}                                    asks with all of them at once
    -> {"outcomes": [{"data": ...} | {"error": ...} | {"timeout": true}, ...]}    in that order

and ends at the end of its input. What it serves answers {"type": "fail"} with an error, {"type": "silence"} not within 2 s,
{"type": "null"} with null, {"type": "text", "text": ...} with that text, and anything else with {"echo": it}.
"""

import contextlib
import json
import selectors
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

Outcome = dict[str, Any]


class Peer:
    def __init__(self, process: subprocess.Popen, log: Path) -> None:
        self._process = process
        self._log = log

    def tell(self, line: dict[str, Any]) -> None:
        self._input.write(json.dumps(line) + "\n")
        self._input.flush()

    def hear(self, seconds: float) -> dict[str, Any]:
        """Its next line."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            heard = selector.select(seconds)
        line = self._output.readline() if heard else ""
        assert line, f"the peer says nothing within {seconds:g} s:\n{self._log.read_text()[-4000:]}"
        return json.loads(line)

    def ask(self, values: list[Any], timeout: int = 30_000) -> list[Outcome]:
        self.tell({"values": values, "timeout": timeout})
        return self.hear(timeout / 1000 + 60)["outcomes"]

    def ask_one(self, value: Any, timeout: int = 30_000) -> Outcome:
        (outcome,) = self.ask([value], timeout)
        return outcome

    @property
    def _input(self) -> IO[str]:
        assert self._process.stdin
        return self._process.stdin

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout
        return self._process.stdout


@contextlib.contextmanager
def peer(command: list[str], env: dict[str, str], log: Path, task: dict[str, str]) -> Iterator[Peer]:
    """Started and ready; ended whatever happens."""
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1, env=env)
    try:
        made = Peer(process, log)
        made.tell(task)
        assert made.hear(90)["ready"]
        yield made
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
