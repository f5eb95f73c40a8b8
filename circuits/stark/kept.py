"""Fixed columns kept between processes: mapped from a file instead of extended and hashed anew.

They depend on the circuit and the parameter set alone, and a pinned key names their root: that is
the name of their file, in a folder beside the compiled kernels, which nobody else can write. A file
that is damaged, or whose root is another than the key's, counts as missing. What columns it has
no proof has to believe: with wrong ones the quotient is no polynomial, and there is no proof.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.air.circuit import Circuit
from circuits.pcs.merkle import Matrix, Tree
from circuits.poly.lde import padded_width
from circuits.stark.committed import CommittedPhase, FixedColumns, commit_fixed
from circuits.stark.parameters import Parameters
from circuits.stark.prover import Prover
from circuits.stark.shape import Phase, Shape, shape_of
from rollup.native.array_file import load_arrays, store_arrays
from rollup.native.jit import choose_cache
from rollup.native.memory import keep_freed_memory

FOLDER = "fixed"
"""Beside the folders of kernels: columns stay good when a source changes, kernels do not."""

LAYOUT = 2
"""Of the arrays below, as the proof system's version: another number is another file."""

BYTES_MAX = 1 << 28
"""More is made anew in every process: it would be hundreds of megabytes for seconds."""

Arrays = Mapping[str, npt.NDArray[Any]]


class PreparedProver(Prover):
    """A prover that is given its fixed columns."""

    def __init__(self, circuit: Circuit, fixed: FixedColumns) -> None:
        keep_freed_memory()
        self._circuit = circuit
        self._fixed = fixed


def prepared_prover(circuit: Circuit, parameters: Parameters, root: bytes) -> PreparedProver:
    """A prover with the fixed columns of this root: kept ones, else made here and kept.

    What is made here may have another root, where circuit and key do not belong together: it is
    then not kept, and `fixed_root` says which.
    """
    shape, file = shape_of(circuit, parameters), kept_file(root)
    fixed = None if file is None else load_fixed(file, shape, root)
    if fixed is None:
        fixed = commit_fixed(circuit, parameters)
        if file is not None and fixed.committed.tree.root == root:
            keep_fixed(file, fixed)
    return PreparedProver(circuit, fixed)


def kept_file(root: bytes) -> Path | None:
    """Where the fixed columns of a root are kept; None if nothing can be kept."""
    folder, _ = choose_cache(FOLDER)
    return None if folder is None else folder / f"{root.hex()}.{LAYOUT}"


def keep_fixed(file: Path, fixed: FixedColumns) -> None:
    """Write fixed columns, if they are not too many; where that fails this process alone has them,
    and a warning says so."""
    arrays = fixed_arrays(fixed)
    if sum(array.nbytes for array in arrays.values()) > BYTES_MAX:
        return
    try:
        store_arrays(file, arrays)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        text = f"fixed columns cannot be kept in {file.parent}: {reason}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def load_fixed(file: Path, shape: Shape, root: bytes) -> FixedColumns | None:
    """The fixed columns in a file; None if there are none of this shape and root."""
    arrays = load_arrays(file)
    if arrays is None or not _fits(arrays, shape):
        return None
    fixed = _fixed_columns(arrays, shape)
    return fixed if fixed.committed.tree.root == root else None


def fixed_arrays(fixed: FixedColumns) -> dict[str, npt.NDArray[Any]]:
    """The arrays that a file holds: rows and extension of every group, levels of the tree."""
    committed = fixed.committed
    return {
        **{f"rows.{i}": array for i, array in enumerate(fixed.matrices)},
        **{f"extended.{i}": array for i, array in enumerate(committed.extended)},
        **{f"level.{i}": array for i, array in enumerate(committed.tree.levels)},
    }


def _fits(arrays: Arrays, shape: Shape) -> bool:
    """Whether names, types and shapes are those of the fixed columns of this shape."""
    wanted: dict[str, tuple[type, tuple[int, ...]]] = {}
    for i, group in enumerate(shape.groups):
        size = (group.height, padded_width(group.widths[Phase.FIXED]))
        wanted[f"rows.{i}"] = np.uint32, size
        wanted[f"extended.{i}"] = np.uint32, (1 << shape.parameters.log2_blowup, *size)
    for i in range(shape.log2_domain + 1):
        wanted[f"level.{i}"] = np.uint64, (1 << shape.log2_domain - i, 4)
    found = {name: (array.dtype.type, array.shape) for name, array in arrays.items()}
    return found == wanted


def _fixed_columns(arrays: Arrays, shape: Shape) -> FixedColumns:
    groups = range(len(shape.groups))
    extended = tuple(arrays[f"extended.{i}"] for i in groups)
    widths = [width for _, width in shape.group_widths(Phase.FIXED)]
    matrices = tuple(Matrix(*each) for each in zip(extended, widths, strict=True))
    levels = tuple(arrays[f"level.{i}"] for i in range(shape.log2_domain + 1))
    committed = CommittedPhase(extended, Tree(matrices, None, levels))
    return FixedColumns(shape, tuple(arrays[f"rows.{i}"] for i in groups), committed)
