"""SIGHUP: new code without a lost or repeated message, and the old code where the new one is refused."""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.load import TOTAL, Load
from support.router import Router, Scripts
from support.wait import until

pytestmark = pytest.mark.timeout(180 + TOTAL // 200)


def version(number: int) -> str:
    return f"function handleMessage() return {{ version = {number} }} end\n"


BROKEN = "function handleMessage() return {\n"


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("versions"), partitions=4)
    scripts.write(topic, version(1))
    return topic


def await_version(asker: Asker, topic: str, number: int) -> None:
    until(lambda: asker.ask_data(topic, {})["version"] == number, f"version {number} answers")


def refuse(router: Router, scripts: Scripts, topic: str, text: str = BROKEN) -> None:
    """Asks for a reload of a script that does not load, and waits until the router has said what it thinks of it."""
    scripts.write(topic, text)
    before = len(router.log_text())
    router.reload()
    router.await_log(f"{topic}.lua:", after=before)


@pytest.fixture
def load(cluster: Cluster, topic: str, note: Callable[[str], None]) -> Iterator[Load]:
    with contextlib.closing(Load(cluster, topic)) as load:
        yield load
        note(str(load))


def test_ten_reloads_under_load_lose_and_repeat_nothing(load: Load, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    processes = [router.pid, *router.workers()]
    for number in range(2, 12):
        load.run_until(lambda n=number: load.answered() >= load.total * (n - 1) / 12, "a twelfth more is answered")
        scripts.write(topic, version(number))
        router.reload()
        answer = json.dumps({"version": number}, separators=(",", ":")).encode()
        load.run_until(lambda a=answer: load.values[a] > 0, f"version {number} answers")
    load.finish()
    load.settle(router.group)
    assert (load.lost(), load.repeated()) == (0, 0), str(load)
    assert len(load.values) == 11, "every version answered, and no other"
    assert [router.pid, *router.workers()] == processes, "nobody was restarted"
    router.stop()


def test_the_old_code_answers_no_more_once_the_new_one_has(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts)
    for number in range(2, 6):
        scripts.write(topic, version(number))
        router.reload()
        await_version(asker, topic, number)
        assert {asker.ask_data(topic, {})["version"] for _ in range(20)} == {number}


def test_a_message_in_flight_finishes_on_the_code_it_started_with(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    slow = """
        local router = require "moonroute"
        local version = %d
        function handleMessage(_topic, message)
            router.sleep(message.sleep or 0)
            return { version = version }
        end"""
    scripts.write(topic, slow % 1)
    router = start_router(scripts)
    assert asker.ask_data(topic, {})["version"] == 1
    slow_id = new_id()
    asker.send(topic, {"sleep": 3000}, asker.plain(slow_id), b"slow", partition=0)
    asker.send(topic, {}, asker.plain(b"after it"), b"quick", partition=0)
    asker.reply_to(b"after it")
    scripts.write(topic, slow % 2)
    router.reload()
    versions: dict[bytes, int] = {}
    sent = 0
    while slow_id not in versions:
        asker.send(topic, {}, asker.plain(b"%d" % sent), b"%d" % sent)
        reply = asker.next_reply()
        versions[reply.header("correlation-id")] = json.loads(reply.value)["version"]
        sent += 1
    assert versions[slow_id] == 1
    assert 2 in versions.values(), "the new code answered while the old one still ran"


def test_a_refused_reload_keeps_the_old_code_and_names_the_line(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    refuse(router, scripts, topic)
    assert f"{topic}.lua:2:" in router.log_text() or f"{topic}.lua:1:" in router.log_text()
    assert {asker.ask_data(topic, {}, key=b"%d" % n)["version"] for n in range(20)} == {1}
    assert router.ready()


@pytest.mark.parametrize("text", ["local x = 1\n", 'function handleMessage() end\nerror("no")\n',
                                  'function handleMessage() end\nfunction onLoad()\n error("no")\nend\n'],
                         ids=["no handleMessage", "raises at load", "raises in onLoad"])
def test_whatever_is_wrong_with_a_script_its_reload_is_refused(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter,
                                                               text: str) -> None:
    router = start_router(scripts)
    before = len(router.log_text())
    scripts.write(topic, text)
    router.reload()
    router.await_log(f"{topic}.lua", after=before)
    assert asker.ask_data(topic, {})["version"] == 1


def test_one_bad_script_refuses_the_reload_of_all(cluster: Cluster, asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    other = cluster.create_topic(unique("other"))
    scripts.write(other, BROKEN.replace("return {", "return 1 end"))
    router = start_router(scripts)
    scripts.write(topic, version(2))
    refuse(router, scripts, other)
    assert asker.ask_data(topic, {})["version"] == 1
    scripts.write(other, version(2))
    router.reload()
    await_version(asker, topic, 2)
    await_version(asker, other, 2)


def test_a_worker_killed_after_a_refused_reload_runs_the_accepted_code(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts)
    scripts.write(topic, version(2))
    router.reload()
    await_version(asker, topic, 2)
    refuse(router, scripts, topic)
    (worker,) = router.workers()
    os.kill(worker, signal.SIGKILL)
    until(lambda: router.workers() not in ([], [worker]), "the worker is replaced")
    assert asker.ask(topic, {}).value == b'{"version":2}'
    router.await_ready()


def test_a_second_sighup_at_once_is_not_lost(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    for number in range(2, 30):
        scripts.write(topic, version(number))
        router.reload()
    await_version(asker, topic, 29)


def test_a_new_script_is_served_after_the_reload(cluster: Cluster, asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, workers=2)
    fresh = cluster.create_topic(unique("fresh"), partitions=2)
    scripts.write(fresh, version(7))
    router.reload()
    assert asker.ask_data(fresh, {})["version"] == 7
    assert asker.ask_data(topic, {})["version"] == 1


def test_a_removed_script_is_served_no_more(cluster: Cluster, asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    going = cluster.create_topic(unique("going"))
    scripts.write(going, version(1))
    router = start_router(scripts)
    assert asker.ask_data(going, {})["version"] == 1
    cluster.await_committed(router.group, going)
    scripts.remove(going)
    scripts.write(topic, version(2))
    router.reload()
    await_version(asker, topic, 2)
    asker.send(going, {}, asker.plain(new_id()))
    replies = cluster.count(asker.replies)
    for _ in range(5):
        asker.ask_data(topic, {})
    assert cluster.count(asker.replies) == replies + 5, "nobody answered on the topic that went"
    assert cluster.lag(router.group, going) == 1, "the message waits for a script that may come back"
    scripts.write(going, version(3))
    router.reload()
    until(lambda: cluster.lag(router.group, going) == 0, "the script came back and its message was handled")


def test_a_message_in_flight_is_answered_though_another_script_takes_the_place_of_its_own(
        cluster: Cluster, asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    trace = cluster.create_topic(unique("trace"))
    scripts.write(topic, f"""
local router = require "moonroute"
function handleMessage()
    router.publish("{trace}", "begun")
    router.sleep(2000)
    return "whole"
end""")
    router = start_router(scripts)
    correlation_id = new_id()
    asker.send(topic, {}, asker.plain(correlation_id))
    cluster.await_records(trace, 1)
    successor = cluster.create_topic(unique("successor"))
    scripts.write(successor, version(2))
    scripts.remove(topic)
    router.reload()
    assert asker.reply_to(correlation_id).value == b'"whole"'
    cluster.await_committed(router.group, topic)
    await_version(asker, successor, 2)
    assert not [line for line in router.log() if line["event"] == "partition_lost"]


def test_a_configuration_that_became_wrong_is_refused_with_its_place(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, config="return { commit_interval = 500 }\n")
    (router.folder / "moonroute.lua").write_text("return { comit_interval = 500 }\n")
    before = len(router.log_text())
    router.reload()
    router.await_log("comit_interval", after=before)
    assert asker.ask_data(topic, {})["version"] == 1


def test_what_needs_a_restart_is_named_in_the_log(asker: Asker, topic: str, scripts: Scripts, start_router: StartRouter) -> None:
    router = start_router(scripts, config='return { kafka = { client_id = "one" } }\n')
    (router.folder / "moonroute.lua").write_text('return { kafka = { client_id = "two" } }\n')
    before = len(router.log_text())
    router.reload()
    router.await_log("kafka.client_id", after=before)
    assert asker.ask_data(topic, {})["version"] == 1
