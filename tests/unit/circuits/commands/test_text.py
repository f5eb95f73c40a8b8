"""What commands print of the parameter sets."""

from circuits.commands.text import info_text, parameters_record
from circuits.soundness.report import report
from circuits.stark.parameters import FAST, L1, PARAMETER_SETS
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from rollup.field.extension import DEGREE
from rollup.protocol.shape_class import CLASS_M, CLASS_S


def test_every_number_of_a_set_is_in_its_record() -> None:
    assert parameters_record(L1) == {
        "queries": 25,
        "rate": "1/64",
        "grinding_query_bits": 27,
        "grinding_batch_bits": 20,
        "grinding_fold_bits": 14,
        "blinded_rows": 2 * 25 + 4 * DEGREE,
        "salt_bytes": 16,
        "digest_bytes": 26,
    }


def test_the_text_shows_every_set_in_a_column() -> None:
    shape = shape_of(circuit(), FAST)
    lines = info_text("00", shape, [report(shape, 64)] * len(PARAMETER_SETS)).splitlines()
    place = next(index for index, line in enumerate(lines) if line.startswith("parameters"))
    rows = {line[:20].strip(): line[20:].split() for line in lines[place : place + 9]}
    assert rows["parameters"] == list(PARAMETER_SETS)
    assert rows["queries"] == ["83", "55", "25", "31"]
    assert rows["rate"] == ["1/4", "1/8", "1/64", "1/32"]
    assert rows["digest bytes"] == ["32", "32", "26", "26"]
    assert rows["blinded rows"] == [str(each.blinded_rows) for each in PARAMETER_SETS.values()]


def test_the_text_fits_a_terminal_and_names_every_table() -> None:
    for shape_class in (CLASS_S, CLASS_M):
        shape = shape_of(circuit(shape_class), FAST)
        text = info_text("0" * 64, shape, [report(shape, 64)] * len(PARAMETER_SETS))
        assert max(map(len, text.splitlines())) <= 80
        assert {placed.name for placed in circuit(shape_class).tables} <= set(text.split())
