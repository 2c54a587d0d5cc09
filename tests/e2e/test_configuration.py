"""Configuration: its sources and their order, and what is said about mistakes."""

from pathlib import Path

import pytest
from broker import free_port
from conftest import StartRouter
from support.asker import Asker
from support.cluster import Cluster, unique
from support.router import Scripts, http_get, moonroute
from support.wait import until

ECHO = "function handleMessage(_topic, message) return message end\n"


@pytest.fixture
def topic(cluster: Cluster, scripts: Scripts) -> str:
    topic = cluster.create_topic(unique("echo"))
    scripts.write(topic, ECHO)
    return topic


def run(scripts: Scripts, *arguments: str, config: str | None = None, env: dict[str, str] | None = None):
    """`moonroute run` with a mistake: it ends by itself."""
    if config is not None:
        (scripts.folder.parent / "moonroute.lua").write_text(config)
        arguments = (*arguments, "--config", str(scripts.folder.parent / "moonroute.lua"))
    return moonroute("run", "--scripts", str(scripts.folder), "--admin", f"127.0.0.1:{free_port()}", *arguments, env=env,
                     folder=scripts.folder.parent)


# Mistakes end `run` with 78 and name the place.


def test_an_unknown_key_is_refused_with_the_nearest_known_one(scripts: Scripts, topic: str) -> None:
    done = run(scripts, config='return { kafka = { brokrs = { "localhost:9092" } } }\n')
    assert done.returncode == 78, done.stderr
    assert "kafka.brokrs" in done.stderr
    assert "brokers" in done.stderr.replace("brokrs", "")


def test_a_wrong_type_is_told_with_path_expectation_and_value(scripts: Scripts, topic: str) -> None:
    done = run(scripts, config=f'return {{ routes = {{ ["{topic}"] = {{ retry = {{ max = "five" }} }} }} }}\n')
    assert done.returncode == 78, done.stderr
    assert f'moonroute.lua: routes["{topic}"].retry.max: expected an integer of 0 or more, got "five"' in done.stderr


def test_all_mistakes_of_a_file_are_told_at_once(scripts: Scripts, topic: str) -> None:
    done = run(scripts, config='return { workes = 1, comit_interval = 5, kafka = { connection_timeout = "soon" } }\n')
    assert done.returncode == 78, done.stderr
    for name in "workes", "comit_interval", "kafka.connection_timeout":
        assert name in done.stderr


@pytest.mark.parametrize("text", ["return {", "return 7", "return nil", "error('no')", "", "return { [1] = 2 }", "return { kafka = 7 }"])
def test_a_file_that_gives_no_table_is_refused_with_its_name(scripts: Scripts, topic: str, text: str) -> None:
    done = run(scripts, config=text)
    assert done.returncode == 78, done.stderr
    assert "moonroute.lua" in done.stderr


def test_a_named_file_that_is_not_there_is_refused(scripts: Scripts, topic: str) -> None:
    done = run(scripts, "--config", "/no/such/file.lua")
    assert done.returncode == 78, done.stderr
    assert "/no/such/file.lua" in done.stderr


def test_an_unknown_librdkafka_property_is_refused_with_its_own_words(scripts: Scripts, topic: str) -> None:
    done = run(scripts, config='return { kafka = { properties = { ["no.such.thing"] = "1" } } }\n')
    assert done.returncode == 78, done.stderr
    assert 'moonroute.lua: kafka.properties["no.such.thing"]: No such configuration property: "no.such.thing"' in done.stderr


def test_a_bad_value_of_a_librdkafka_property_is_refused_with_its_own_words(scripts: Scripts, topic: str) -> None:
    done = run(scripts, config='return { kafka = { properties = { ["session.timeout.ms"] = -5 } } }\n')
    assert done.returncode == 78, done.stderr
    assert "session.timeout.ms" in done.stderr


@pytest.mark.parametrize(("name", "value"), [("MOONROUTE_WORKERS", "many"), ("MOONROUTE_ADMIN_LISTEN", "nowhere"), ("MOONROUTE_COMMIT_INTERVAL", "-1"),
                                             ("KAFKA_SASL_MECHANISM", "telepathy"), ("MOONROUTE_LOG_LEVEL", "loud"),
                                             ("MOONROUTE_CREATE_TOPICS", "perhaps"), ("KAFKA_SASL_PASSWORD_FILE", "/no/such/file")])
def test_a_bad_environment_variable_is_named_with_its_value(scripts: Scripts, topic: str, name: str, value: str) -> None:
    done = run(scripts, env={name: value})
    assert done.returncode == 78, done.stderr
    assert name in done.stderr
    assert value in done.stderr


def test_an_unknown_moonroute_variable_is_refused_with_the_nearest_known_one(scripts: Scripts, topic: str) -> None:
    done = run(scripts, env={"MOONROUTE_COMIT_INTERVAL": "5"})
    assert done.returncode == 78, done.stderr
    assert "MOONROUTE_COMIT_INTERVAL" in done.stderr
    assert "commit_interval" in done.stderr.lower()


def test_a_bad_option_value_is_refused(scripts: Scripts, topic: str) -> None:
    done = run(scripts, "--workers", "0")
    assert done.returncode in (64, 78), done.stderr
    assert "workers" in done.stderr


def test_scripts_that_are_not_there_are_named(tmp_path: Path) -> None:
    done = moonroute("run", "--scripts", "/no/such/folder", folder=tmp_path)
    assert done.returncode in (64, 65, 78), done.stderr
    assert "/no/such/folder" in done.stderr


# Sources and their order.


def test_the_admin_address_comes_from_the_environment(kafka, scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    port = free_port()
    router = start_router(scripts, ready=False, option_admin=False, env={"MOONROUTE_ADMIN_LISTEN": f"127.0.0.1:{port}"})
    until(lambda: http_get(port, "/health/ready")[0] == 200, "ready at the address of the environment")
    router.stop()


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    ports = {"file": free_port(), "environment": free_port()}
    config = f'return {{ service = "file", log = {{ level = "error" }}, admin = {{ listen = "127.0.0.1:{ports["file"]}" }} }}\n'
    router = start_router(scripts, config=config, env={"MOONROUTE_ADMIN_LISTEN": f"127.0.0.1:{ports['environment']}",
                                                       "MOONROUTE_LOG_LEVEL": "info"})
    assert [http_get(port, "/health")[0] for port in ports.values()] == [0, 0]
    assert "file_uptime_seconds" in router.get("/metrics")[1]
    assert '"info"' in router.log_text(), "the environment's level, not the file's"
    router.stop()


def test_the_file_in_config_is_found_by_itself(scripts: Scripts, topic: str, start_router: StartRouter, tmp_path: Path) -> None:
    folder = tmp_path / "router-0" / "config"
    folder.mkdir(parents=True)
    (folder / "moonroute.lua").write_text('return { service = "found" }\n')
    router = start_router(scripts)
    assert "found_uptime_seconds" in router.get("/metrics")[1]


def test_values_can_be_read_from_files(kafka, asker: Asker, scripts: Scripts, topic: str, start_router: StartRouter, tmp_path: Path) -> None:
    secret = tmp_path / "group"
    group = unique("group")
    secret.write_text(group + "\n")
    router = start_router(scripts, env={"KAFKA_GROUP_ID": None, "KAFKA_GROUP_ID_FILE": str(secret)})
    asker.ask(topic, {})
    asker.cluster.await_committed(group, topic)
    assert sum(asker.cluster.committed(group, topic).values()) == 1
    router.stop()


def test_a_secret_is_never_shown(scripts: Scripts, topic: str, start_router: StartRouter, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2-very-secret\n")
    env = {"KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password"), "KAFKA_SASL_MECHANISM": "plain",
           "MOONROUTE_LOG_LEVEL": "debug"}
    router = start_router(scripts, ready=False, env=env)
    until(lambda: router.get("/health/ready")[0] == 503, "not ready: this broker knows no users")
    assert "hunter2" not in router.get("/status")[1]
    router.stop()
    assert "hunter2" not in router.log_text()


def test_scripts_cannot_read_secrets_from_the_environment(asker: Asker, cluster: Cluster, scripts: Scripts, start_router: StartRouter) -> None:
    topic = cluster.create_topic(unique("env"))
    scripts.write(topic, """
        local router = require "moonroute"
        function handleMessage()
            return { router.env "KAFKA_SASL_PASSWORD" or "none", router.env "KAFKA_SASL_USERNAME" or "none" }
        end
    """)
    without_login = 'return { kafka = { properties = { ["security.protocol"] = "plaintext" } } }\n'
    start_router(scripts, config=without_login, env={"KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD": "hunter2-very-secret"})
    assert asker.ask_data(topic, {}) == ["none", "me"]


def test_librdkafka_properties_are_passed_through(asker: Asker, scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    """With auto.offset.reset latest, what was sent before the first start is not answered."""
    asker.send(topic, {}, asker.plain(b"early"))
    router = start_router(scripts, config='return { kafka = { properties = { ["auto.offset.reset"] = "latest" } } }\n')

    def sent_and_committed() -> bool:
        asker.send(topic, {}, asker.plain(b"late"))
        return sum(asker.cluster.committed(router.group, topic).values()) > 0

    until(sent_and_committed, "the router handles what comes after its start", every=0.2)
    assert {record.header("correlation-id") for record in asker.cluster.records(asker.replies)} == {b"late"}


def test_a_pattern_route_serves_every_topic_that_matches(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    stem = unique("orders")
    topics = [cluster.create_topic(f"{stem}.{name}") for name in ("eu", "us")]
    scripts.write("orders", "function handleMessage(topic) return { topic = topic } end\n")
    config = f'return {{ routes = {{ ["^{stem}\\\\.[a-z]+$"] = {{ script = "orders.lua" }} }} }}\n'
    start_router(scripts, config=config)
    for topic in topics:
        assert asker.ask_data(topic, {}) == {"topic": topic}


def test_a_route_can_have_a_group_of_its_own(cluster: Cluster, asker: Asker, scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    group = unique("own-group")
    router = start_router(scripts, config=f'return {{ routes = {{ ["{topic}"] = {{ group_id = "{group}" }} }} }}\n')
    asker.ask(topic, {})
    cluster.await_committed(group, topic)
    assert sum(cluster.committed(router.group, topic).values()) == 0


def test_a_route_can_force_a_dialect(asker: Asker, scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    start_router(scripts, config=f'return {{ routes = {{ ["{topic}"] = {{ dialect = "kafka-client" }} }} }}\n')
    asker.send(topic, {"a": 1}, asker.plain(b"an id"))
    assert asker.reply_to(b"an id").header("message-type") == b"request-reply"


def test_a_raw_route_hands_over_and_sends_strings_as_they_are(asker: Asker, scripts: Scripts, topic: str, start_router: StartRouter) -> None:
    scripts.write(topic, "function handleMessage(_topic, message) return message:reverse() end\n")
    start_router(scripts, config=f'return {{ routes = {{ ["{topic}"] = {{ codec = "raw" }} }} }}\n')
    asker.send(topic, b"\x00\xff{not json", asker.plain(b"an id"))
    assert asker.reply_to(b"an id").value == b"\x00\xff{not json"[::-1]
