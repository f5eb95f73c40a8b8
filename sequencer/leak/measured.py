"""What a measurement is called in JSON, in a table and in words."""

from collections.abc import Sequence

from sequencer.leak.advantage import CONFIDENCE
from sequencer.leak.measure import Measured
from sequencer.leak.render import table_text


def record_of(found: Measured) -> dict[str, object]:
    """As JSON has it."""
    asked, rest = found.verdict.advantage, found.rest.advantage
    return {
        "pair": found.pair.name,
        "differs": found.pair.differs,
        "runs": found.runs,
        "asked": asked.asked,
        "right": asked.right,
        "advantage": asked.value,
        "interval": asked.interval,
        "confidence": CONFIDENCE,
        "rule": found.verdict.rule,
        "told_by": found.told_by,
        "without": {"advantage": rest.value, "interval": rest.interval},
        "must_hide": found.pair.must_hide,
        "expected": found.is_expected,
    }


def measured_text(found: Sequence[Measured], seed: int) -> str:
    """The table, and how to read it."""
    heads = ("pair", "the worlds differ in", "advantage", "interval", "told by")
    table = table_text(heads, [_cells(each) for each in found], left=(0, 1, 4))
    runs = sorted({each.runs for each in found})
    often = " to ".join(map(str, dict.fromkeys((runs[0], runs[-1]))))
    return "\n".join(
        [
            table,
            "",
            f"{often} runs of each world, seed {seed}: half to learn from, half to be asked about. "
            f"advantage = 2 right / asked - 1, with Wilson's interval at {CONFIDENCE:.1%}.",
            "told by: what has to be taken away until the interval contains zero.",
        ]
    )


def _cells(found: Measured) -> list[str]:
    low, high = found.verdict.advantage.interval
    told = ", ".join(found.told_by) or "nothing"
    return [
        found.pair.name,
        found.pair.differs,
        f"{found.verdict.advantage.value:.2f}",
        f"{low:.2f} to {high:.2f}",
        told if found.is_expected else f"{told} (NOT AS KNOWN)",
    ]
