"""What the README and the example scripts say, done as they say it."""

import json
import re
import shlex
from pathlib import Path

import pytest
from broker import Kafka
from conftest import StartRouter
from support.cluster import Cluster, unique
from support.router import ROOT, Router, Scripts, moonroute

README = (ROOT / "README.md").read_text()


def block(name: str) -> str:
    """The code block behind the comment `<!-- test: NAME -->`."""
    found = re.search(rf"<!-- test: {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no block '{name}'"
    return found[1]


def without_time(reply: str) -> dict:
    envelope = json.loads(reply)
    assert envelope.pop("timestamp") > 0
    return envelope


def session() -> list[tuple[list[str], str]]:
    """The README's requests, each with the reply that it shows."""
    lines = block("session").splitlines()
    requests = [(line, reply) for line, reply in zip(lines, lines[1:]) if line.startswith("$ moonroute request")]
    assert len(requests) == 2
    return [(shlex.split(line)[2:], reply) for line, reply in requests]


@pytest.fixture
def ask(kafka: Kafka, tmp_path: Path):
    return lambda *arguments: moonroute(*arguments, env={"KAFKA_BROKERS": kafka.bootstrap}, folder=tmp_path)


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "scripts")


def test_the_handler_of_the_readme_answers_as_the_readme_shows(
    scripts: Scripts, start_router: StartRouter, cluster: Cluster, ask
) -> None:
    cluster.create_topic("greetings-commands")
    scripts.write("greetings-commands", block("handler"))
    start_router(scripts)
    for arguments, shown in session():
        done = ask(*arguments)
        assert without_time(done.stdout) == without_time(shown)
        assert done.returncode == (0 if json.loads(shown)["success"] else 1)
    assert [json.loads(record.value)["greeted"] for record in cluster.await_records("greetings-events", 1)] == ["Ada"]


def test_the_circuit_breaker_of_the_readme_opens_after_five_failures(
    scripts: Scripts, start_router: StartRouter, cluster: Cluster, ask
) -> None:
    cluster.create_topic("orders-commands")
    cluster.create_topic("payments-commands")
    scripts.write("orders-commands", block("breaker"))
    scripts.write("payments-commands", "function handleMessage(_, m) error({ statusCode = m.status }) end")
    router = start_router(scripts, workers=1)

    def order(status: int) -> dict:
        return json.loads(ask("request", "orders-commands", json.dumps({"status": status})).stdout)

    for _ in range(6):
        assert order(404)["statusCode"] == 404
    for _ in range(5):
        assert order(500)["error"] == "InternalServerError"
    refused = order(500)
    assert (refused["statusCode"], refused["error"]) == (503, "CircuitBreakerOpen")
    assert '_circuit_breaker_state{name="payments",worker="0"} 2' in router.get("/metrics")[1]


@pytest.mark.parametrize("path", re.findall(r"http://127\.0\.0\.1:8080/(\w+)|`/(\w+(?:/\w+)?)`", README))
def test_what_the_readme_says_is_served_is(
    path: tuple[str, str], scripts: Scripts, start_router: StartRouter
) -> None:
    scripts.write(unique("served"), "function handleMessage() end")
    router = start_router(scripts)
    assert router.get("/" + (path[0] or path[1]))[0] == 200


def test_every_command_of_the_readme_has_help(ask) -> None:
    names = set(re.findall(r"`moonroute ([a-z]+)", README))
    assert names >= {"run", "dev", "check", "test", "request", "publish", "health", "status", "version"}
    for name in names:
        assert ask(name, "--help").returncode == 0, name


@pytest.fixture
def examples(cluster: Cluster, tmp_path: Path, start_router: StartRouter) -> Router:
    """The scripts of the repository, served as they are."""
    scripts = Scripts(tmp_path / "scripts")
    for script in (ROOT / "scripts").glob("*.lua"):
        cluster.create_topic(script.stem)
        scripts.write(script.stem, script.read_text())
    return start_router(scripts)


def test_the_example_scripts_do_what_they_say(examples: Router, cluster: Cluster, ask) -> None:
    def data(topic: str, message: dict) -> dict:
        reply = json.loads(ask("request", topic, json.dumps(message)).stdout)
        return reply.get("data", reply)

    assert examples.ready()
    assert data("echo", {"n": 1}) == {"n": 1}
    assert data("relay", {"n": 2}) == {"relayed": {"n": 2}, "by": "relay"}
    command = {"type": "GET_BALANCE", "payload": {"accountType": "UNIFIED"}}
    assert data("dashboard-bybit-commands", command) == {"balance": 42, "accountType": "UNIFIED"}
    assert data("dashboard-bybit-commands", command | {"type": "CONNECT"})["connected"] is True
    refused = data("dashboard-bybit-commands", {"type": "SELL"})
    assert (refused["statusCode"], refused["error"]) == (400, "ValidationError")
    assert refused["message"] == "Unknown command type: SELL"

    chat = {"messageId": "m1", "chatId": "c1", "senderId": "u1", "content": "hi", "timestamp": "2026-01-01T00:00:00Z"}
    assert data("chat-messages", chat)["messageId"] == "m1"
    (relayed,) = cluster.await_records("chat-deliveries", 1)
    assert (relayed.key, json.loads(relayed.value)) == (b"c1", chat)
    assert data("chat-messages", {})["statusCode"] == 400

    alert = {"id": "a1", "symbol": "BTC", "price": 2, "threshold": 1, "userId": "u7"}
    assert ask("publish", "dashboard-alerts-events", json.dumps(alert)).returncode == 0
    (notification,) = cluster.await_records("dashboard-notifications", 1)
    assert (notification.key, json.loads(notification.value)["alertId"]) == (b"u7", "a1")
