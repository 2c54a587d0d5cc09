"""Everything at once for a while, and at the end every message has what it must have, and no worker died but those that were killed.

Its length, load and seed are by environment: MR_SOAK_SECONDS, _RATE, _WORKERS, _SEED (support/soak.py). The same seed repeats the
sequence of deeds, which is printed. A sanitizer's build (MR_PROGRAM) is soaked by the same command.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Kafka, Settings
from conftest import routers_in
from support.cluster import Cluster
from support.router import ROOT, Scripts
from support.soak import Soak, SoakSize

SIZE = SoakSize.of_environment()
LOGS = ROOT / "build" / "logs"


@pytest.fixture
def kept_logs(tmp_path: Path) -> Iterator[None]:
    """What the routers said, beside the other logs of the build: a soak is seldom repeated exactly."""
    yield
    LOGS.mkdir(parents=True, exist_ok=True)
    for log in tmp_path.glob("router-*/log.jsonl"):
        shutil.copy(log, LOGS / f"soak-{log.parent.name}.jsonl")


@pytest.fixture
def own_kafka() -> Iterator[Kafka]:
    """One that may be held up without harm to other tests, and that makes no topic by itself."""
    with Kafka(Settings(auto_create_topics=False, fast_start=False)) as kafka:
        yield kafka


@pytest.mark.timeout(SIZE.seconds * 3 + 600)
@pytest.mark.usefixtures("kept_logs")
def test_nothing_is_lost_and_nobody_dies_whatever_is_done(own_kafka: Kafka, scripts: Scripts, tmp_path: Path, note: Callable[[str], None]) -> None:
    print(SIZE)
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(contextlib.closing(Cluster(own_kafka.bootstrap)))
        start = stack.enter_context(routers_in(tmp_path, own_kafka))
        soak = stack.enter_context(contextlib.closing(Soak(SIZE, own_kafka, cluster, scripts, start)))
        soak.run()
        soak.settle()
    note(str(soak))
    assert soak.faults == [], "\n".join([str(SIZE), *soak.faults])
