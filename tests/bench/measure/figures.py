"""The recorded figure of `tools/bench gate`, and what a measured one is worth beside it."""

import dataclasses
import json
from pathlib import Path

RECORDS = Path(__file__).resolve().parents[1] / "gate.json"
ALLOWED = 0.05
RECORD = f"tools/bench gate --record   (and commit tests/bench/{RECORDS.name})"

Versions = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Verdict:
    good: bool
    text: str


def judge(measured: float, recorded: float | None, versions: Versions) -> Verdict:
    if recorded is None:
        listed = ", ".join(f"{name} {version}" for name, version in versions.items())
        return Verdict(False, f"There is no figure for {listed}.\n"
                       f"One is recorded, with the sources that it is to hold for, by:\n  {RECORD}")
    told = f"{measured:,.0f} instructions a message, recorded are {recorded:,.0f}: {measured / recorded - 1:+.1%}, allowed are {ALLOWED:+.1%}"
    if measured > recorded * (1 + ALLOWED):
        return Verdict(False, f"{told}.\nWhat costs more, the profiles in build/bench/gate tell (callgrind_annotate); where it is worth that, record it:\n"
                       f"  {RECORD}")
    if measured < recorded * (1 - ALLOWED):
        return Verdict(True, f"{told}.\nMay it never come back: record it:\n  {RECORD}")
    return Verdict(True, f"{told}.")


def recorded_for(versions: Versions, records: Path = RECORDS) -> float | None:
    """None where there is no record of exactly these versions."""
    found = [each["instructions"] for each in read(records) if each["versions"] == versions]
    return found[0] if found else None


def record(measured: float, versions: Versions, records: Path = RECORDS) -> None:
    """In place of the one of these versions; those of others stay."""
    others = [each for each in read(records) if each["versions"] != versions]
    text = json.dumps([*others, {"instructions": round(measured), "versions": versions}], indent=2)
    records.write_text(f"{text}\n")


def read(records: Path) -> list[dict]:
    return json.loads(records.read_text()) if records.exists() else []
