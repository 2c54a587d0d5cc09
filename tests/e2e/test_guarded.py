"""A Kafka that denies: the kit itself, and a router that meets a denial and is healed by a permission."""

import pytest
from conftest import StartRouter
from confluent_kafka import KafkaError, Producer
from support.asker import Asker, new_id
from support.cluster import Cluster, client_properties, unique
from support.guard import CREATE, DESCRIBE, GROUP, PASSWORD, READ, SCRAM, TOPIC, USER, WRITE, Guard, login
from support.router import Scripts
from support.wait import until

ANSWER = "function handleMessage(_topic, message) return { id = message.id } end\n"


def produced(guard: Guard, topic: str) -> str | None:
    """What the router's user is told of a record that it writes; None if Kafka takes it."""
    properties = client_properties(guard.brokers, security_protocol="SASL_PLAINTEXT", sasl_mechanism="PLAIN", sasl_username=USER,
                                   sasl_password=PASSWORD, message_timeout_ms=10_000)
    told: list[KafkaError | None] = []
    producer = Producer(properties)
    producer.produce(topic, b"{}", on_delivery=lambda error, _message: told.append(error))
    assert producer.flush(20) == 0
    return told[0].name() if told[0] else None


def answered(asker: Asker, topic: str) -> bool:
    """True if one more request is answered soon. One that is sent just after a permission may still become a dead letter."""
    correlation_id = new_id()
    asker.send(topic, {"id": 2}, asker.plain(correlation_id))
    try:
        return asker.reply_to(correlation_id, 2).header("message-type") == b"response"
    except AssertionError:
        return False


def test_a_denied_topic_is_denied_until_it_is_granted(guard: Guard, guarded_cluster: Cluster) -> None:
    topic, other = guarded_cluster.create_topic(unique("denied")), guarded_cluster.create_topic(unique("other"))
    assert produced(guard, topic) is None
    guard.deny(TOPIC, topic, WRITE)
    assert produced(guard, topic) == "TOPIC_AUTHORIZATION_FAILED"
    assert produced(guard, other) is None
    guard.grant(TOPIC, topic)
    assert produced(guard, topic) is None


def test_without_lists_the_user_may_do_what_is_allowed_by_prefix(guard: Guard, guarded_cluster: Cluster) -> None:
    topic, other = guarded_cluster.create_topic(unique("mine")), guarded_cluster.create_topic(unique("other"))
    guard.clear()
    guard.allow(TOPIC, topic[:8], WRITE, DESCRIBE, prefixed=True)
    assert produced(guard, topic) is None
    assert produced(guard, other) in ("TOPIC_AUTHORIZATION_FAILED", "_UNKNOWN_TOPIC", "_MSG_TIMED_OUT")


@pytest.mark.parametrize("mechanism", ["plain", *SCRAM])
def test_a_router_logs_in_and_serves(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                     start_guarded_router: StartRouter, mechanism: str) -> None:
    guard.scram()
    topic = guarded_cluster.create_topic(unique("orders"))
    scripts.write(topic, ANSWER)
    router = start_guarded_router(scripts, env=login(mechanism))
    assert guarded_asker.ask_data(topic, {"id": 1}) == {"id": 1}
    router.stop()


def test_a_router_with_the_least_that_it_needs_serves(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                      start_guarded_router: StartRouter) -> None:
    topic, group = guarded_cluster.create_topic(unique("orders")), unique("group")
    guard.clear()
    guard.allow(TOPIC, topic, READ)
    guard.allow(TOPIC, topic, CREATE, WRITE, prefixed=True)  # its dead letters
    guard.allow(TOPIC, guarded_asker.replies, WRITE)
    guard.allow(GROUP, group, READ)
    scripts.write(topic, ANSWER)
    router = start_guarded_router(scripts, env={"KAFKA_GROUP_ID": group})
    assert guarded_asker.ask_data(topic, {"id": 1}) == {"id": 1}
    assert f"{topic}-dlq" in guarded_cluster.topics()
    router.stop()


def test_a_router_goes_on_when_a_reply_topic_is_granted(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                        start_guarded_router: StartRouter) -> None:
    topic = guarded_cluster.create_topic(unique("orders"))
    scripts.write(topic, ANSWER)
    router = start_guarded_router(scripts)
    guard.deny(TOPIC, guarded_asker.replies, WRITE)
    guarded_asker.send(topic, {"id": 1}, guarded_asker.plain(b"denied"))
    (letter,) = guarded_cluster.await_records(f"{topic}-dlq", 1)
    assert letter.header("correlation-id") == b"denied"
    guard.grant(TOPIC, guarded_asker.replies)
    until(lambda: answered(guarded_asker, topic), "a reply arrives again")
    router.stop()


def test_a_group_that_may_not_read_is_denied_while_it_runs(guard: Guard, guarded_cluster: Cluster, guarded_asker: Asker, scripts: Scripts,
                                                           start_guarded_router: StartRouter) -> None:
    topic = guarded_cluster.create_topic(unique("orders"))
    scripts.write(topic, ANSWER)
    router = start_guarded_router(scripts)
    guard.deny(GROUP, router.group, READ)
    until(lambda: "GROUP_AUTHORIZATION_FAILED" in router.log_text() or "Group authorization failed" in router.log_text(), "it is told")
    guard.grant(GROUP, router.group)
    assert guarded_asker.ask_data(topic, {"id": 1}) == {"id": 1}
    router.stop()
