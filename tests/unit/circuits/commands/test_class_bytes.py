"""Bytes of a proof by table: they add up, and a column of a short table takes few of them."""

import pytest

from circuits.commands.costs import class_bytes, proof_bytes, proof_parts
from circuits.commands.text import class_bytes_text
from circuits.stark.parameters import FAST, L1, PARAMETER_SETS, Parameters
from circuits.stark.proof import encoded_length
from circuits.stark.shape import shape_of
from circuits.stark.stacks import ELEMENT_BYTES, WORD_BYTES
from circuits.statement.circuit import circuit
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES


@pytest.mark.parametrize("parameters", PARAMETER_SETS.values(), ids=lambda each: each.name)
def test_tables_and_what_is_no_table_s_are_all_of_a_proof(parameters: Parameters) -> None:
    for each in class_bytes(parameters):
        shape = shape_of(circuit(each.shape_class), parameters)
        assert each.bytes == sum(each.parts.values()) == encoded_length(shape)
        assert list(each.tables) == [placed.name for placed in circuit(each.shape_class).tables]
        assert min(each.parts.values()) > 0
        parts = proof_parts(shape)
        rows = sum(size for name, size in parts.items() if name.startswith("rows of"))
        assert each.bytes - each.rest == rows + parts["opened values"]


def test_a_column_of_the_tallest_table_takes_a_word_a_query_and_its_opened_value() -> None:
    statement = circuit()
    poseidon = statement.table("poseidon")
    word = WORD_BYTES * FAST.queries
    fraction = 5 * word + ELEMENT_BYTES
    messages = len(poseidon.graph.interactions)
    found = proof_bytes(CLASS_S, shape_of(statement, FAST)).tables["poseidon"]
    assert found == poseidon.width * (word + ELEMENT_BYTES) + messages * fraction // 2


def test_a_column_of_a_short_table_takes_a_part_of_a_word() -> None:
    """Market has 373 columns of 1,024 rows, poseidon 157 of 32,768: cells are the tall one's by
    far, and bytes too."""
    statement, word = circuit(), WORD_BYTES * FAST.queries
    market = statement.table("market")
    fractions = len(market.graph.interactions) / 2
    found = proof_bytes(CLASS_S, shape_of(statement, FAST)).tables
    assert found["market"] < found["poseidon"] / 2
    least = (market.width + fractions) * ELEMENT_BYTES
    share = (market.width + 5 * fractions) * word / 32
    assert least + share <= found["market"] < 2 * least + 1.1 * share


def test_the_text_names_every_table_and_says_what_a_column_costs() -> None:
    text = class_bytes_text(L1, class_bytes(L1))
    assert all(placed.name in text for placed in circuit().tables)
    assert f"takes {4 * L1.queries} bytes in rows" in " ".join(text.split())
    for shape_class in SHAPE_CLASSES.values():
        assert f"{encoded_length(shape_of(circuit(shape_class), L1)):,}" in text
    assert max(map(len, text.splitlines())) <= 80
