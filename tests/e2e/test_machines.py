"""Routers on machines of their own, in network namespaces, that share a broker, a response topic and nothing else."""

import contextlib
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Kafka, Settings
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, unique
from support.network import Machine, Network, ip
from support.router import Router, Scripts
from support.service import DIALECTS, Question
from support.wait import until

MANY = 500  # requests that are open in each machine at once
MACHINES = ("a", "b")

ASKING = """
local router = require "moonroute"
function handleMessage(_, message)
    local calls = {}
    for number = 1, message.count do
        calls[number] = function()
            local options = { dialect = message.dialect, reply_to = message.reply_to, timeout = 60000 }
            return (router.request(message.to, { who = message.who, number = number }, options))
        end
    end
    return router.all(calls)
end
"""
SERVING = 'function handleMessage(_, message) return { echo = message, at = "%s" } end'


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network(MACHINES) as network:
        yield network


@pytest.fixture(scope="module")
def far_kafka(network: Network) -> Iterator[Kafka]:
    with Kafka(Settings(address=network.address)) as kafka:
        yield kafka


@pytest.fixture(scope="module")
def cluster(far_kafka: Kafka) -> Iterator[Cluster]:
    with contextlib.closing(Cluster(far_kafka.bootstrap)) as cluster:
        yield cluster


StartOn = Callable[..., Router]


@pytest.fixture
def start_on(network: Network, far_kafka: Kafka, tmp_path: Path, start_router: StartRouter) -> StartOn:
    """Starts a router on the machine of that name, with these scripts by topic."""

    def start(name: str, scripts: dict[str, str], **options: Any) -> Router:
        machine, folder = network.machines[name], Scripts(tmp_path / f"scripts-{name}")
        for topic, text in scripts.items():
            folder.write(topic, text)
        return start_router(folder, brokers=far_kafka.outside, wrapper=machine.wrapper, address=machine.address, **options)

    return start


def asked(who: str, count: int) -> list[dict[str, Any]]:
    return [{"who": who, "number": number} for number in range(1, count + 1)]


def metric(router: Router, name: str) -> int:
    (line,) = [line for line in router.get("/metrics")[1].splitlines() if line.startswith(f"moonroute_{name} ")]
    return int(line.split()[1])


def all_open(routers: dict[str, Router], count: int) -> bool:
    return all(metric(router, "rpc_pending") == count for router in routers.values())


def assert_nothing_open_late_or_given_up(routers: dict[str, Router]) -> None:
    for router in routers.values():
        assert [metric(router, f"rpc_{name}") for name in ("pending", "timeouts_total", "late_replies_total")] == [0, 0, 0]


def answer_in_any_order(asker: Asker, questions: list[Question]) -> None:
    for question in random.sample(questions, len(questions)):
        data = json.loads(question.record.value)
        asker.send(question.reply_to, question.success(data), question.headers(), partition=question.partition)


def reaches(machine: Machine, address: str, port: int) -> bool:
    command = [*machine.wrapper, "timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_routers_on_two_machines_share_a_response_topic_and_each_gets_its_own(cluster: Cluster, asker: Asker, start_on: StartOn,
                                                                              dialect: str) -> None:
    """Two workers each, all of whose requests are open before the first is answered."""
    served, responses = cluster.create_topic(unique("served")), cluster.create_topic(unique("responses"), 2)
    topics = {name: cluster.create_topic(unique(f"asking-{name}"), 2) for name in MACHINES}
    routers = {name: start_on(name, {topic: ASKING}, workers=2) for name, topic in topics.items()}
    ids: dict[str, bytes] = {}
    for name, topic in topics.items():
        until(lambda: cluster.members(routers[name].group) == (2, True), "each worker has its partition")
        for partition in range(2):
            who = f"{name}{partition}"
            ids[who] = new_id()
            task = {"who": who, "count": MANY // 2, "to": served, "dialect": dialect, "reply_to": responses}
            asker.send(topic, task, asker.plain(ids[who]), partition=partition)
    until(lambda: all_open(routers, MANY), "all requests are open", 60)
    questions = [Question(record, dialect) for record in cluster.await_records(served, 2 * MANY, 60)]
    answer_in_any_order(asker, questions)
    answers = [asker.next_reply(60) for _ in ids]
    assert {reply.header("correlation-id"): json.loads(reply.value) for reply in answers} == {
        ids[who]: asked(who, MANY // 2) for who in ids}
    assert cluster.count(responses) == 2 * MANY
    assert_nothing_open_late_or_given_up(routers)
    named = {json.loads(question.record.value)["who"]: question.partition for question in questions}
    own = {(who[0], partition) for who, partition in named.items()}  # each worker's, on each machine
    assert own == {(name, partition) for name in MACHINES for partition in ({0, 1} if dialect in ("nestjs", "spring") else {-1})}


def test_a_group_spread_over_two_machines_gets_each_reply_where_it_was_asked(cluster: Cluster, asker: Asker, start_on: StartOn) -> None:
    served, topic, group = cluster.create_topic(unique("served")), cluster.create_topic(unique("asking"), 2), unique("spread")
    routers = {name: start_on(name, {topic: ASKING}, env={"KAFKA_GROUP_ID": group}) for name in MACHINES}
    until(lambda: cluster.members(group) == (2, True), "the machines share the partitions")
    for partition in range(2):
        task = {"who": f"of {partition}", "count": MANY, "to": served}
        asker.send(topic, task, asker.plain(str(partition).encode()), partition=partition)
    until(lambda: all_open(routers, MANY), "each machine has its half open", 60)
    answer_in_any_order(asker, [Question(record, "kafka-client") for record in cluster.await_records(served, 2 * MANY, 60)])
    answers = [asker.next_reply(60) for _ in range(2)]
    assert {reply.header("correlation-id"): json.loads(reply.value) for reply in answers} == {
        str(partition).encode(): asked(f"of {partition}", MANY) for partition in range(2)}
    assert_nothing_open_late_or_given_up(routers)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_machines_ask_each_other_at_once(cluster: Cluster, asker: Asker, start_on: StartOn, dialect: str) -> None:
    responses = cluster.create_topic(unique("responses"))
    asking, serving = ({name: cluster.create_topic(unique(f"{stem}-{name}")) for name in MACHINES} for stem in ("asking", "serving"))
    routers = {name: start_on(name, {asking[name]: ASKING, serving[name]: SERVING % name}) for name in MACHINES}
    ids = {name: new_id() for name in MACHINES}
    for name, other in ("a", "b"), ("b", "a"):
        task = {"who": name, "count": MANY, "to": serving[other], "dialect": dialect, "reply_to": responses}
        asker.send(asking[name], task, asker.plain(ids[name]))
    answers = [asker.next_reply(60) for _ in MACHINES]
    assert {reply.header("correlation-id"): json.loads(reply.value) for reply in answers} == {
        ids[name]: [{"echo": request, "at": other} for request in asked(name, MANY)] for name, other in (("a", "b"), ("b", "a"))}
    assert_nothing_open_late_or_given_up(routers)


# What these tests stand on.


def test_the_machines_know_the_broker_and_neither_each_other_nor_our_loopback(network: Network, far_kafka: Kafka, start_on: StartOn) -> None:
    a, b = (network.machines[name] for name in MACHINES)
    router = start_on("b", {unique("any"): "function handleMessage() end"})
    assert reaches(b, b.address, router.port)
    assert not reaches(a, b.address, router.port)
    for machine in a, b:
        assert reaches(machine, network.address, int(far_kafka.outside.rpartition(":")[2]))
        assert not reaches(machine, "127.0.0.1", far_kafka.port)


def test_a_network_is_taken_away_whatever_happened_in_it() -> None:
    with pytest.raises(ZeroDivisionError), Network(MACHINES) as first, Network(MACHINES) as second:
        made = [machine.namespace for network in (first, second) for machine in network.machines.values()]
        assert len(set(made)) == 4
        assert all(name in ip("netns", "list") and name in ip("link", "show") for name in made)
        1 / 0
    assert not any(name in ip("netns", "list") or name in ip("link", "show") for name in made)
