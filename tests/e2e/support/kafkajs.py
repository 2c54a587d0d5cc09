"""Requests by a client written with kafkajs (kafkajs/ask.js)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
MODULES = HERE.parents[1] / "build" / "e2e" / "kafkajs" / "node_modules"


def ask(broker: str, topic: str, reply_topic: str, requests: list[dict[str, Any]], seconds: float = 20.0) -> list[dict[str, Any]]:
    """Sends the requests at once; gives {id, key, value, headers} for each, or only {id} where no reply came in time."""
    task = {"broker": broker, "topic": topic, "replyTopic": reply_topic, "requests": requests, "timeout": seconds * 1000}
    done = subprocess.run(["node", str(HERE / "kafkajs" / "ask.js")], input=json.dumps(task), capture_output=True, text=True,
                          timeout=seconds + 30, check=False, env=os.environ | {"NODE_PATH": str(MODULES)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
