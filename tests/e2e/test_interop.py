"""The dialects with the applications that speak them (tests/interop): each asks us, and is asked by us."""

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from broker import Kafka
from conftest import StartRouter
from peer import Peer, peer
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.router import ROOT, Scripts

SOURCES, BUILT = ROOT / "tests" / "interop", ROOT / "build" / "interop"

SERVICE = """
local router = require "moonroute"
function handleMessage(_topic, message)
    local kind = type(message) == "table" and message.type
    if kind == "fail" then router.fail(418, "no coffee", "Teapot") end
    if kind == "silence" then return nil end
    if kind == "null" then return router.null end
    if kind == "text" then return message.text end
    return { echo = message }
end
"""
VIA = """
local router = require "moonroute"
function handleMessage(_topic, message)
    return router.request("%s", message.value, { dialect = "%s", timeout = message.timeout })
end
"""
MANY = 1000


class Ecosystem(NamedTuple):
    dialect: str
    command: list[str]
    modules: str | None = None  # node_modules below build/interop
    replies: str = "{asks}-answers"  # where its client listens


ECOSYSTEMS = {
    "nestjs": Ecosystem("nestjs", ["node", str(SOURCES / "nestjs" / "peer.js")], "nestjs", "{asks}.reply"),
    "kafkajs": Ecosystem("kafka-client", ["node", str(SOURCES / "kafkajs" / "peer.js")], "kafkajs"),
    "spring": Ecosystem("spring", ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                                   "-cp", f"{BUILT}/spring/libs/*:{BUILT}/spring/classes", "Peer"]),
    "python": Ecosystem("plain", [str(BUILT / "python" / "bin" / "python"), "-B", str(SOURCES / "python" / "peer.py")]),
}


@dataclasses.dataclass(frozen=True)
class Interop:
    """An application, and a router that it asks and that asks it on behalf of who asks `via`."""

    peer: Peer
    via: str
    asker: Asker

    def asked(self, value: Any, timeout: int = 30_000) -> dict[str, Any]:
        """What the peer answers to a request of the router's, as an outcome of its own would be."""
        reply = self.asker.ask(self.via, {"value": value, "timeout": timeout})
        return {"data" if reply.header("message-type") == b"response" else "error": json.loads(reply.value)}

    def asked_many(self, values: list[Any]) -> list[Any]:
        """The replies' values, in no order."""
        for value in values:
            self.asker.send(self.via, {"value": value, "timeout": 60_000}, self.asker.plain(new_id()))
        return [json.loads(self.asker.next_reply(60).value) for _ in values]


@pytest.fixture(scope="module", params=ECOSYSTEMS)
def interop(request: pytest.FixtureRequest, kafka: Kafka, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory,
            start_shared_router: StartRouter) -> Iterator[Interop]:
    ecosystem = ECOSYSTEMS[request.param]
    folder: Path = tmp_path_factory.mktemp(request.param)
    asks, serves, via = (cluster.create_topic(unique(f"{request.param}-{role}"), 2) for role in ("asks", "serves", "via"))
    replies = cluster.create_topic(ecosystem.replies.format(asks=asks), 2)
    scripts = Scripts(folder / "scripts")
    scripts.write(asks, SERVICE)
    scripts.write(via, VIA % (serves, ecosystem.dialect))
    start_shared_router(scripts, env={"MOONROUTE_DEFAULTS_CONCURRENCY": str(MANY)}, workers=2)
    env = os.environ | ({"NODE_PATH": str(BUILT / ecosystem.modules / "node_modules")} if ecosystem.modules else {})
    task = {"broker": kafka.bootstrap, "asks": asks, "replies": replies, "serves": serves}
    asker = Asker(cluster)
    with peer(ecosystem.command, env, folder / "peer.log", task) as running:
        yield Interop(running, via, asker)
    asker.close()


VALUES = [{"a": [1, 2.5, True], "text": "ž🌕", "nested": {"null": None}}, {"type": "other"}, [1, [2]]]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_it_asks_and_is_answered(interop: Interop, value: Any) -> None:
    assert interop.peer.ask_one(value) == {"data": {"echo": value}}


@pytest.mark.parametrize(("value", "data"), [({"type": "null"}, None), ({"type": "text", "text": "a \"text\""}, "a \"text\"")], ids=["null", "text"])
def test_it_is_answered_null_and_text(interop: Interop, value: Any, data: Any) -> None:
    assert interop.peer.ask_one(value) == {"data": data}


def test_it_is_answered_an_error(interop: Interop) -> None:
    assert interop.peer.ask_one({"type": "fail"}) == {"error": {"statusCode": 418, "message": "no coffee", "error": "Teapot"}}


def test_it_gives_up_where_no_answer_comes(interop: Interop) -> None:
    assert interop.peer.ask_one({"type": "silence"}, timeout=1500) == {"timeout": True}


def test_it_asks_many_at_once(interop: Interop) -> None:
    values = [{"number": number} for number in range(MANY)]
    assert interop.peer.ask(values, 60_000) == [{"data": {"echo": value}} for value in values]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_we_ask_and_are_answered(interop: Interop, value: Any) -> None:
    assert interop.asked(value) == {"data": {"echo": value}}


@pytest.mark.parametrize(("value", "data"), [({"type": "null"}, None), ({"type": "text", "text": "a \"text\""}, "a \"text\"")], ids=["null", "text"])
def test_we_are_answered_null_and_text(interop: Interop, value: Any, data: Any) -> None:
    assert interop.asked(value) == {"data": data}


def test_we_are_answered_an_error(interop: Interop) -> None:
    assert interop.asked({"type": "fail"}) == {"error": {"statusCode": 418, "message": "no coffee", "error": "Teapot"}}


def test_we_are_answered_an_error_that_nobody_meant(interop: Interop) -> None:
    error = interop.asked({"type": "break"})["error"]
    assert (error["statusCode"], error["error"]) == (500, "InternalServerError")


def test_we_give_up_where_no_answer_comes(interop: Interop) -> None:
    assert interop.asked({"type": "silence"}, timeout=1500) == {
        "error": {"statusCode": 504, "message": "Request timeout after 1500ms", "error": "RequestTimeout"}}


def test_we_ask_many_at_once(interop: Interop) -> None:
    answers = interop.asked_many([{"number": number} for number in range(MANY)])
    assert sorted(answer["echo"]["number"] for answer in answers) == list(range(MANY))
