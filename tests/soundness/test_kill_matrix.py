"""The kill matrix, a sample of it: small tables whole, of the others what one cell kills.

A change of one cell of a permutation breaks the cube after it as well, so of that table every
tenth item is searched for by all means: each of them must be killed.

`make soundness` fills all of it; docs/soundness/kill-matrix.md says how to read it.
"""

import ast
from pathlib import Path

import pytest

from circuits.statement.circuit import circuit
from tests.soundness.kill_matrix import BY_HAND, Search, unexplained

ROOT = Path(__file__).resolve().parents[2]
WHOLE = ("tree", "range", "base", "slot", "header", "outflow")
TENTHS = ("poseidon",)
SHARE = {
    "batch": 0.3,
    "ladder": 0.1,
    "order": 0.2,
    "signature": 0.2,
    "fill": 0.25,
    "takeover": 0.3,
    "account": 0.4,
    "trigger": 0.4,
    "market": 0.35,
    "position": 0.4,
    "total": 0.3,
    "deposit": 0.5,
}
"""Of the items of a table, how many a change of one cell alone must show."""


@pytest.mark.parametrize("name", WHOLE)
def test_whatever_is_dropped_from_a_small_table_lets_a_forgery_through(name: str) -> None:
    assert not unexplained([Search(name).run()])


@pytest.mark.parametrize("name", TENTHS)
def test_whatever_is_dropped_of_every_tenth_item_lets_a_forgery_through(name: str) -> None:
    search = Search(name)
    search.wanted = set(range(0, search.matrix.items, 10))
    search.run()
    assert search.wanted <= search.matrix.killed.keys()


@pytest.mark.parametrize("name", SHARE)
def test_one_cell_shows_many_items_of_a_large_table(name: str) -> None:
    search = Search(name)
    search.one_cell()
    assert len(search.matrix.killed) >= SHARE[name] * search.matrix.items


def test_every_table_is_in_the_matrix() -> None:
    assert {placed.name for placed in circuit().tables} == {*WHOLE, *TENTHS, *SHARE}


def test_what_is_killed_by_hand_is_a_claim_and_its_test_exists() -> None:
    tables = circuit().tables
    claims = {i.claim for t in tables for i in (*t.graph.constraints, *t.graph.interactions)}
    assert set(BY_HAND) <= claims
    for reason in BY_HAND.values():
        if "::" in reason:
            path, name = reason.split("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            assert name in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
