"""Fixtures: one real Kafka for all tests, and routers that are ended whatever happens."""

import contextlib
import itertools
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from broker import Kafka
from support.asker import Asker
from support.cluster import Cluster, unique
from support.guard import Guard, guarded_settings, login
from support.network import enter_own_names
from support.router import PROGRAM, Router, Scripts
from support.wait import until
from trio import KafkaTrio

NOTE = "note"
SUMMARY: list[str] = []


class StartRouter(Protocol):
    """Makes and starts a router on the session's Kafka; options as Router's, `ready=False` does not wait."""

    def __call__(self, scripts: Scripts, *, ready: bool = True, **options) -> Router: ...


def pytest_configure(config: pytest.Config) -> None:
    """Gives each side its own host name. Routers number their workers by it, and those of another side would take the numbers."""
    side = getattr(config, "workerinput", {}).get("workerid")
    if side is not None:
        enter_own_names()
        socket.sethostname(f"{socket.gethostname()}-{side}")


def pytest_report_header() -> str:
    return f"program: {PROGRAM}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gathers notes where the summary is written, which is another process when files run side by side."""
    if report.when == "teardown":
        SUMMARY.extend(f"{report.nodeid.rpartition('::')[2]}: {text}" for name, text in report.user_properties if name == NOTE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SUMMARY:
        terminalreporter.section("counted")
        for note in SUMMARY:
            terminalreporter.write_line(note)


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says something at the end of the run, pass or fail."""
    return lambda text: record_property(NOTE, text)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    with Kafka() as kafka:
        yield kafka


@pytest.fixture(scope="session")
def cluster(kafka: Kafka) -> Iterator[Cluster]:
    with contextlib.closing(Cluster(kafka.bootstrap)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def shared_trio() -> Iterator[KafkaTrio]:
    with KafkaTrio() as trio:
        yield trio


@pytest.fixture
def trio(shared_trio: KafkaTrio) -> Iterator[KafkaTrio]:
    """Three brokers, all of them there and in step, whatever the test before did to them."""
    shared_trio.start()
    with contextlib.closing(Cluster(shared_trio.bootstrap)) as cluster:
        cluster.create_topic(unique("first"))  # or there would be nothing to be in step with
        until(cluster.whole, "the brokers are in step", 60)
    yield shared_trio


@pytest.fixture
def trio_cluster(trio: KafkaTrio) -> Iterator[Cluster]:
    with contextlib.closing(Cluster(trio.bootstrap)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def guarded_kafka() -> Iterator[Kafka]:
    """A Kafka with access lists. Tests use its plain listener, which may do everything; routers log in."""
    with Kafka(guarded_settings(auto_create_topics=False)) as kafka:
        yield kafka


@pytest.fixture
def guard(guarded_kafka: Kafka) -> Guard:
    """The access lists of guarded_kafka, open at first, whatever the test before did to them."""
    guard = Guard(guarded_kafka)
    guard.open()
    return guard


@pytest.fixture
def guarded_cluster(guarded_kafka: Kafka) -> Iterator[Cluster]:
    with contextlib.closing(Cluster(guarded_kafka.bootstrap)) as cluster:
        yield cluster


@pytest.fixture
def guarded_asker(guarded_cluster: Cluster) -> Iterator[Asker]:
    with contextlib.closing(Asker(guarded_cluster)) as asker:
        yield asker


@pytest.fixture
def start_guarded_router(tmp_path: Path, guarded_kafka: Kafka, guard: Guard) -> Iterator[StartRouter]:
    """Routers that log in at guarded_kafka; `env=login("scram-sha-256")` for another mechanism."""
    with routers_in(tmp_path, guarded_kafka) as start:

        def start_guarded(scripts: Scripts, *, ready: bool = True, **options) -> Router:
            env = login() | (options.pop("env", None) or {})
            return start(scripts, ready=ready, brokers=guard.brokers, env=env, **options)

        yield start_guarded


@contextlib.contextmanager
def routers_in(folder: Path, kafka: Kafka) -> Iterator[StartRouter]:
    with contextlib.ExitStack() as stack:
        numbers = itertools.count()  # routers may be started by several threads

        def start(scripts: Scripts, *, ready: bool = True, **options) -> Router:
            brokers = options.pop("brokers", kafka.bootstrap)
            router = Router(brokers, scripts, folder / f"router-{next(numbers)}", **options)
            stack.callback(router.close)
            return router.start(ready)

        yield start


@pytest.fixture
def start_router(tmp_path: Path, kafka: Kafka) -> Iterator[StartRouter]:
    with routers_in(tmp_path, kafka) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_router(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka) -> Iterator[StartRouter]:
    """For a module whose tests ask the same scripts and do the router no harm."""
    with routers_in(tmp_path_factory.mktemp("shared"), kafka) as start:
        yield start


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "scripts")


@pytest.fixture(scope="module")
def shared_scripts(tmp_path_factory: pytest.TempPathFactory) -> Scripts:
    return Scripts(tmp_path_factory.mktemp("shared-scripts"))


@pytest.fixture
def asker(cluster: Cluster) -> Iterator[Asker]:
    with contextlib.closing(Asker(cluster)) as asker:
        yield asker
