"""The range table: every value of every width, and nothing else."""

import numpy as np
import pytest

from circuits.air.bus import RANGE
from circuits.tables.range.air import ENTRIES, TABLE, fixed_values
from circuits.tables.range.trace import build
from tests.helpers.isolation import Isolated

HEIGHT = 2**15
TABLE_ALONE = Isolated(TABLE)


def trace(*requests: tuple[int, int, int]) -> np.ndarray:
    payload = np.array([request[:2] for request in requests], dtype=np.uint32).reshape(-1, 2)
    counts = np.array([request[2] for request in requests], dtype=np.int64)
    return build(payload, counts, HEIGHT, 186)


def test_the_fixed_rows_are_all_values_of_all_widths() -> None:
    fixed = fixed_values(HEIGHT)
    entries = list(zip(fixed["bits"], fixed["value"], strict=True))
    assert len(entries) == len(set(entries)) == ENTRIES
    assert all(0 <= value < 1 << bits for bits, value in entries)
    assert {bits for bits, _ in entries} == set(range(14))


def test_requests_are_answered_as_often_as_asked() -> None:
    requests = [(13, 8191, 5), (1, 1, 2), (4, 0, 1), (0, 0, 3)]
    said = TABLE_ALONE.messages(trace(*requests), RANGE)
    assert said == {(bits, value): -count for bits, value, count in requests}


@pytest.mark.parametrize("request_", [(13, 8192), (1, 2), (0, 1), (14, 3), (13, 2**31 - 2**24)])
def test_a_value_out_of_range_has_no_entry(request_: tuple[int, int]) -> None:
    assert TABLE_ALONE.messages(trace((*request_, 1)), RANGE) == {}


def test_rows_without_an_entry_say_nothing_new() -> None:
    matrix = trace()
    matrix[ENTRIES + 5, 0] = 1
    assert TABLE_ALONE.messages(matrix, RANGE) == {(0, 0): -1}


def test_a_table_too_low_for_its_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="16383 entries"):
        fixed_values(2**13)
