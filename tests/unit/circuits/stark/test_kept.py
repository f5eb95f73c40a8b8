"""Fixed columns come back from their file as they were made, or are made anew."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from circuits.stark import kept
from circuits.stark.committed import FixedColumns, commit_fixed
from circuits.stark.kept import fixed_arrays, keep_fixed, kept_file, load_fixed, prepared_prover
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.prover import Prover
from circuits.stark.shape import shape_of
from rollup.native import jit
from rollup.native.array_file import store_arrays
from tests.helpers.circuits import small_circuit, small_instance

CIRCUIT = small_circuit(256, 512)
FIXED = commit_fixed(CIRCUIT, INSECURE_TEST, resident=True)
ROOT = FIXED.committed.tree.root
SHAPE = shape_of(CIRCUIT, INSECURE_TEST)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the columns of this circuit would be kept; nothing is there yet."""
    monkeypatch.setenv(jit.CACHE_VARIABLE, str(tmp_path / "cache"))
    found = kept_file(ROOT, resident=True)
    assert found is not None and not found.exists()
    assert found.is_relative_to(tmp_path)
    return found


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An entry for each time that fixed columns are made."""
    calls: list[str] = []

    def counted(*arguments: object, **named: object) -> FixedColumns:
        calls.append("made")
        return commit_fixed(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(kept, "commit_fixed", counted)
    return calls


def test_they_are_made_once_and_then_mapped(file: Path, made: list[str]) -> None:
    instance = small_instance(256, 512, INSECURE_TEST.blinded_rows)
    provers = [prepared_prover(CIRCUIT, INSECURE_TEST, ROOT) for _ in range(2)]
    assert made == ["made"] and file.exists()
    proofs = {
        prover.prove(instance.traces, *instance.known, insecure_seed_for_tests=bytes(32)).proof
        for prover in (*provers, Prover(CIRCUIT, INSECURE_TEST))
    }
    assert len(proofs) == 1
    assert {prover.fixed_root for prover in provers} == {ROOT}


def test_what_is_kept_is_what_was_made(file: Path) -> None:
    keep_fixed(file, FIXED)
    found = load_fixed(file, SHAPE, ROOT, resident=True)
    assert found is not None and found.shape == FIXED.shape
    ours, theirs = fixed_arrays(found), fixed_arrays(FIXED)
    assert list(ours) == list(theirs)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    tree, other = found.committed.tree, FIXED.committed.tree
    assert tree.depth == other.depth and tree.open(3) == other.open(3)


def damaged(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-100] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-4096])


def foreign(file: Path) -> None:
    keep_fixed(file, commit_fixed(small_circuit(512, 512), INSECURE_TEST, resident=True))


def another_tree(file: Path) -> None:
    arrays = fixed_arrays(FIXED)
    top = max(int(name.removeprefix("level.")) for name in arrays if name.startswith("level."))
    store_arrays(file, {**arrays, f"level.{top}": arrays[f"level.{top}"] + np.uint64(1)})


def one_missing(file: Path) -> None:
    arrays = fixed_arrays(FIXED)
    store_arrays(file, {name: array for name, array in arrays.items() if name != "rows.0"})


def other_words(file: Path) -> None:
    arrays = fixed_arrays(FIXED)
    store_arrays(file, {**arrays, "rows.0": arrays["rows.0"].astype(np.uint64)})


@pytest.mark.parametrize(
    "spoil",
    (damaged, cut, foreign, another_tree, one_missing, other_words),
    ids=lambda f: f.__name__,
)
def test_a_file_that_is_not_theirs_is_made_anew(
    file: Path, made: list[str], spoil: Callable[[Path], None]
) -> None:
    keep_fixed(file, FIXED)
    whole = file.read_bytes()
    spoil(file)
    assert file.read_bytes() != whole
    assert load_fixed(file, SHAPE, ROOT, resident=True) is None
    assert prepared_prover(CIRCUIT, INSECURE_TEST, ROOT).fixed_root == ROOT
    assert made == ["made"] and file.read_bytes() == whole


def test_columns_of_another_root_are_not_kept_under_this_one(file: Path) -> None:
    other = bytes(32)
    prover = prepared_prover(CIRCUIT, INSECURE_TEST, other)
    assert prover.fixed_root == ROOT
    assert list(file.parent.iterdir()) == []


def test_too_many_are_not_kept(
    file: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(array.nbytes for array in fixed_arrays(FIXED).values())
    monkeypatch.setattr(kept, "BYTES_MAX", size - 1)
    prepared_prover(CIRCUIT, INSECURE_TEST, ROOT)
    assert not file.exists()
    monkeypatch.setattr(kept, "BYTES_MAX", size)
    prepared_prover(CIRCUIT, INSECURE_TEST, ROOT)
    assert file.exists() and made == ["made"] * 2


def test_where_they_cannot_be_kept_a_prover_has_them_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "store_arrays", full)
    with pytest.warns(RuntimeWarning, match="cannot be kept in .*: No space left"):
        prover = prepared_prover(CIRCUIT, INSECURE_TEST, ROOT)
    assert prover.fixed_root == ROOT and not file.exists()
    monkeypatch.setattr(kept, "choose_cache", lambda _: (None, ["nowhere"]))
    assert kept_file(ROOT, resident=True) is None
    assert prepared_prover(CIRCUIT, INSECURE_TEST, ROOT).fixed_root == ROOT


def test_nobody_else_can_write_where_they_are_kept(file: Path) -> None:
    keep_fixed(file, FIXED)
    assert file.parent.stat().st_mode & 0o077 == 0
    assert file.stat().st_mode & 0o077 == 0
