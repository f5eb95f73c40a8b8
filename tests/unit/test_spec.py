"""The specification names every reason for a refusal, and the code can give each of them."""

import re
from enum import Enum
from pathlib import Path

import pytest

from rollup.l1.interface import Refusal, Revert
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.rejection import Reason

ROOT = Path(__file__).resolve().parents[2]
SPEC = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs" / "spec").glob("0*.md"))
SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "rollup").rglob("*.py"))


@pytest.mark.parametrize("reason", [*Reason, *Revert, *Refusal])
def test_every_reason_is_in_the_specification(reason: Enum) -> None:
    assert f"`{reason.value}`" in SPEC


@pytest.mark.parametrize("reason", [*Reason, *Revert, *Refusal])
def test_every_reason_is_given_somewhere(reason: Enum) -> None:
    assert re.search(rf"\b{type(reason).__name__}\.{reason.name}\b", SOURCES)


@pytest.mark.parametrize("outcome", [o for o in DepositOutcome if o is not DepositOutcome.CREDITED])
def test_every_refusal_of_a_deposit_is_in_the_specification(outcome: DepositOutcome) -> None:
    assert f"`{outcome.name}`" in SPEC


def test_no_rule_is_named_twice() -> None:
    names = re.findall(r"^\*\*([a-z0-9]+\.[a-z-]+)\*\*", SPEC, re.MULTILINE)
    assert len(names) > 40
    assert len(names) == len(set(names))
