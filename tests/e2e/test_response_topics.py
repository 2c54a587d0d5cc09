"""Response topics that cannot be read: told by name, requests that want them fail at once, and all is well again when the fault is over."""

import contextlib
import time
from collections.abc import Iterator

import pytest
from broker import Kafka, Settings
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
from support.guard import CREATE, DESCRIBE, GROUP, READ, TOPIC, WRITE, Guard
from support.router import Router, Scripts
from support.wait import until
from test_serving import await_reason
from trio import KafkaTrio

pytestmark = pytest.mark.timeout(240)

GRANTED = (READ, WRITE, CREATE, DESCRIBE)
REASON = "response_topic_unavailable"


def write_scripts(scripts: Scripts, asking: str, served: str) -> None:
    """What comes to `asking` is asked of `served`, which answers."""
    scripts.write(asking, f"""
    local router = require "moonroute"
    function handleMessage(_, message) return router.request("{served}", message, {{ timeout = 25000 }}) end
    """)
    scripts.write(served, "function handleMessage(_topic, message) return { id = message.id } end\n")


def refused_soon(asker: Asker, topic: str, *words: str) -> None:
    """A request fails long before its time-out, and the error says what to do."""
    begun = time.monotonic()
    error = asker.ask_error(topic, {"id": 0})
    assert (error["statusCode"], error["error"]) == (502, "RequestFailed"), error
    assert not [word for word in words if word not in error["message"]], error
    assert time.monotonic() - begun < 5


def lines(router: Router, event: str, topic: str) -> list[dict]:
    return [line for line in router.log() if line.get("event") == event and line.get("topic") == topic]


@pytest.mark.parametrize("operation", [READ, DESCRIBE], ids=["read", "describe"])
def test_one_that_is_denied_while_it_is_read_is_told_and_heals(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                               start_guarded_router: StartRouter, operation) -> None:
    asking, served = (guarded_cluster.create_topic(unique(stem)) for stem in ("asking", "served"))
    answers = f"{served}-responses"
    write_scripts(scripts, asking, served)
    router = start_guarded_router(scripts)
    assert guarded_asker.ask_data(asking, {"id": 1}) == {"id": 1}
    guard.deny(TOPIC, answers, operation)
    assert answers in await_reason(router, REASON, seconds=20)
    refused_soon(guarded_asker, asking, answers, "allow READ")
    assert "_response_topics_unavailable 1\n" in router.get("/metrics")[1]
    assert answers in router.get("/status")[1]
    guard.grant(TOPIC, answers)
    router.await_ready()
    assert guarded_asker.ask_data(asking, {"id": 2}) == {"id": 2}
    assert "_response_topics_unavailable 0\n" in router.get("/metrics")[1]
    assert len(lines(router, REASON, answers)) == len(lines(router, "response_topic_available", answers)) == 1
    router.stop()


@pytest.mark.parametrize("configured", [True, False], ids=["configured", "asked for"])
def test_one_that_may_not_be_read_from_the_start_is_told_and_heals(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                                   start_guarded_router: StartRouter, configured: bool) -> None:
    asking, served = (guarded_cluster.create_topic(unique(stem)) for stem in ("asking", "served"))
    answers = guarded_cluster.create_topic(f"{served}-responses")
    guard.deny(TOPIC, answers, READ)
    write_scripts(scripts, asking, served)
    config = f'return {{ rpc = {{ response_topics = {{ "{answers}" }} }} }}\n' if configured else None
    router = start_guarded_router(scripts, config=config, ready=False)
    if not configured:
        router.await_ready()
        refused_soon(guarded_asker, asking, answers, "allow READ")
    assert answers in await_reason(router, REASON, seconds=20)
    refused_soon(guarded_asker, asking, answers, "allow READ")
    assert len(lines(router, REASON, answers)) == 1
    guard.grant(TOPIC, answers)
    router.await_ready()
    assert guarded_asker.ask_data(asking, {"id": 2}) == {"id": 2}
    router.stop()


def test_one_that_may_neither_be_seen_nor_created_is_told_and_heals(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                                    start_guarded_router: StartRouter) -> None:
    asking, served = (guarded_cluster.create_topic(unique(stem)) for stem in ("asking", "served"))
    answers = f"{served}-responses"
    guard.clear()
    for topic in (asking, served):
        guard.allow(TOPIC, f"{topic}-dlq", *GRANTED)
        guard.allow(TOPIC, topic, *GRANTED)
    guard.allow(TOPIC, guarded_asker.replies, *GRANTED)
    group = unique("group")
    guard.allow(GROUP, group, READ)
    write_scripts(scripts, asking, served)
    router = start_guarded_router(scripts, env={"KAFKA_GROUP_ID": group})
    refused_soon(guarded_asker, asking, answers, "allow CREATE")
    assert answers in await_reason(router, REASON, seconds=20)
    guard.allow(TOPIC, answers, *GRANTED)
    router.await_ready()
    assert guarded_asker.ask_data(asking, {"id": 2}) == {"id": 2}
    router.stop()


def test_one_is_created_only_when_the_topic_exists_that_is_asked(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    asking, served = strict.create_topic(unique("asking")), unique("served")
    shared = unique("answers")
    scripts.write(asking, """
    local router = require "moonroute"
    function handleMessage(_, message)
      return router.request(message.to, message, { timeout = message.timeout, reply_to = message.reply_to })
    end
    """)
    router = start_router(scripts, brokers=strict.bootstrap)
    missing = [unique("missing") for _ in range(20)]
    with contextlib.closing(Asker(strict)) as asker:
        for topic in missing:
            assert asker.ask_error(asking, {"to": topic, "timeout": 300})["statusCode"] == 504
        assert asker.ask_error(asking, {"to": missing[0], "timeout": 300, "reply_to": shared})["statusCode"] == 504
        assert not [topic for topic in strict.topics() if topic in missing or topic.endswith("-responses") or topic == shared]
        strict.create_topic(served)
        scripts.write(served, "function handleMessage(_topic, message) return { id = message.id } end\n")
        router.reload()
        for number, reply_to in enumerate([None, shared]):
            asked = {"to": served, "id": number, "timeout": 20000} | ({"reply_to": reply_to} if reply_to else {})
            assert asker.ask_data(asking, asked) == {"id": number}
    until(lambda: "_response_topics_unavailable 0\n" in router.get("/metrics")[1], "what nobody asks any more is forgotten")
    assert len(lines(router, REASON, f"{missing[0]}-responses")) == 1
    router.stop()


def test_without_create_topics_a_request_that_wants_a_missing_one_fails_at_once(strict: Cluster, scripts: Scripts,
                                                                                start_router: StartRouter) -> None:
    asking, served = (strict.create_topic(unique(stem)) for stem in ("asking", "served"))
    answers = f"{served}-responses"
    write_scripts(scripts, asking, served)
    router = start_router(scripts, brokers=strict.bootstrap, config="return { create_topics = false }\n")
    with contextlib.closing(Asker(strict)) as asker:
        refused_soon(asker, asking, answers, "create it")
        strict.create_topic(answers)
        until(lambda: lines(router, "inbox_listening", answers), "it is listened to")
        assert asker.ask_data(asking, {"id": 1}) == {"id": 1}
    assert len(lines(router, REASON, answers)) == 1
    router.stop()


@pytest.mark.parametrize("how", ["deleted", "created again"])
def test_one_that_is_gone_is_created_and_no_reply_is_lost(strict: Cluster, scripts: Scripts, start_router: StartRouter, how: str) -> None:
    asking, served = (strict.create_topic(unique(stem)) for stem in ("asking", "served"))
    answers = f"{served}-responses"
    write_scripts(scripts, asking, served)
    router = start_router(scripts, brokers=strict.bootstrap)
    with contextlib.closing(Asker(strict)) as asker:
        for number in range(5):
            assert asker.ask_data(asking, {"id": number}) == {"id": number}
        if how == "deleted":
            strict.delete_topic(answers)
            until(lambda: answers in strict.topics(), "the router has created it", 30)
        else:
            strict.recreate_topic(answers)
        assert asker.ask_data(asking, {"id": 7}) == {"id": 7}
    until(router.ready, "it is ready", 40)
    router.stop()


def test_one_that_is_deleted_and_that_nobody_creates_is_told(strict: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    asking, served = (strict.create_topic(unique(stem)) for stem in ("asking", "served"))
    answers = strict.create_topic(f"{served}-responses")
    write_scripts(scripts, asking, served)
    router = start_router(scripts, brokers=strict.bootstrap, config="return { create_topics = false }\n")
    with contextlib.closing(Asker(strict)) as asker:
        assert asker.ask_data(asking, {"id": 1}) == {"id": 1}
        strict.delete_topic(answers)
        assert answers in await_reason(router, REASON, seconds=30)
        until(lambda: "create it" in await_reason(router, REASON), "it says what to do")
        refused_soon(asker, asking, answers, "create it")
        strict.create_topic(answers)
        router.await_ready()
        assert asker.ask_data(asking, {"id": 2}) == {"id": 2}
    router.stop()


def test_one_without_a_leader_is_told_and_heals(trio: KafkaTrio, trio_cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    asking, served = (trio_cluster.create_topic(unique(stem), replicas=3) for stem in ("asking", "served"))
    answers = trio_cluster.create_topic(f"{served}-responses", replicas=1)
    write_scripts(scripts, asking, served)
    config = f'return {{ rpc = {{ response_topics = {{ "{answers}" }} }} }}\n'
    router = start_router(scripts, brokers=trio.bootstrap, config=config)
    router.await_log("inbox_listening")
    trio.brokers[trio_cluster.leaders(answers)[0] - 1].kill()
    assert answers in await_reason(router, REASON, seconds=60)
    trio.start()
    router.await_ready(60)
    with contextlib.closing(Asker(trio_cluster)) as asker:
        assert asker.ask_data(asking, {"id": 1}) == {"id": 1}
    router.stop()


@pytest.fixture(scope="module")
def strict() -> Iterator[Cluster]:
    """A broker that creates nothing because it is asked for it."""
    with Kafka(Settings(auto_create_topics=False)) as kafka, contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster
