"""Figures of disasters as tables, on the screen and between their markers in docs/reliability.md."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rounds import Round

from konik.bench.machine import machine

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
END = "<!-- to here -->"


def disasters(rounds: Sequence[Round], kinds: Sequence[str]) -> list[str]:
    """By kind of fault: how often, how long nobody answered, and what the audits of those rounds say.

    "Lost" and "twice" are of the steady callers' commands; "findings" are these, and whatever else should not be.
    """
    rows = [
        "| fault | times | unavailable, median | worst | lost | twice | findings |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in kinds:
        gaps = [strike.gap_s for round in rounds for strike in round.strikes if strike.fault == kind]
        among = [round for round in rounds if any(strike.fault == kind for strike in round.strikes)]
        if gaps:
            lost, twice = sum(round.lost for round in among), sum(round.duplicated for round in among)
            findings = sum(len(round.findings) for round in among)
            rows.append(
                f"| {kind} | {len(gaps)} | {median(gaps):.2f} s | {max(gaps):.2f} s | {lost} | {twice} | {findings} |"
            )
    return rows


def circumstances() -> str:
    """When, and on what."""
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    return f"On {datetime.now(UTC).date()}, everything on one machine: {about}."


def write(command: str, lines: Iterable[str]) -> None:
    """Replaces what that command wrote before, and says when and on what it was measured."""
    begin = f"<!-- written by {command} -->"
    before, found, rest = DOCUMENT.read_text().partition(begin)
    assert found, f"{DOCUMENT} has no place for {command}"
    DOCUMENT.write_text("\n".join([before + begin, circumstances(), *lines, END]) + rest.partition(END)[2])
