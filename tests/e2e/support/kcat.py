"""Sending and reading by kcat."""

import json
import subprocess
from collections.abc import Iterable
from typing import Any


def send(broker: str, topic: str, value: str, *, key: str | None = None, headers: Iterable[tuple[str, str]] = ()) -> None:
    command = ["kcat", "-b", broker, "-P", "-t", topic, "-X", "linger.ms=0"]
    if key is not None:
        command += ["-k", key]
    for name, header in headers:
        command += ["-H", f"{name}={header}"]
    subprocess.run(command, input=value, text=True, check=True, capture_output=True, timeout=30)


def read(broker: str, topic: str, count: int) -> list[dict[str, Any]]:
    """The topic's first records as kcat shows them in JSON: key, payload, and headers as a flat list of names and values."""
    command = ["kcat", "-b", broker, "-C", "-t", topic, "-o", "beginning", "-c", str(count), "-J", "-q"]
    done = subprocess.run(command, text=True, check=True, capture_output=True, timeout=30)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def header_pairs(record: dict[str, Any]) -> dict[str, str]:
    flat = record["headers"]
    return dict(zip(flat[::2], flat[1::2], strict=True))
