"""Fixed columns kept between processes: mapped from a file instead of extended and hashed anew.

They depend on the circuit and the parameter set alone, and a pinned key names their root: that is
the name of their file, in a folder beside the compiled kernels, which nobody else can write. A file
that is damaged, or whose root is another than the key's, counts as missing. What columns it has
no proof has to believe: with wrong ones the quotient is no polynomial, and there is no proof.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from circuits.air.circuit import Circuit
from circuits.pcs.merkle import Tree
from circuits.poly.lde import Blocks, block_strides, padded_width
from circuits.stark.committed import (
    CommittedPhase,
    FixedColumns,
    commit_fixed,
    empty_columns,
)
from circuits.stark.parameters import Parameters
from circuits.stark.prover import Prover, keeps_rows
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase
from rollup.native.array_file import load_arrays, store_arrays
from rollup.native.jit import choose_cache
from rollup.native.simd import LANES

FOLDER = "fixed"
"""Beside the folders of kernels: columns stay good when a source changes, kernels do not."""

LAYOUT = 3
"""Of the arrays below, as the proof system's version: another number is another file."""

BYTES_MAX = 1 << 28
"""More is made anew in every process: it would be hundreds of megabytes for seconds."""

Arrays = Mapping[str, npt.NDArray[Any]]


def prepared_prover(
    circuit: Circuit, parameters: Parameters, root: bytes, *, low_memory: bool | None = None
) -> Prover:
    """A prover with the fixed columns of this root: kept ones, else made here and kept.

    What is made here may have another root, where circuit and key do not belong together: it is
    then not kept, and `fixed_root` says which.
    """
    resident = keeps_rows(parameters, low_memory)
    shape, file = shape_of(circuit, parameters), kept_file(root, resident=resident)
    fixed = None if file is None else load_fixed(file, shape, root, resident=resident)
    if fixed is None:
        fixed = commit_fixed(circuit, parameters, resident=resident)
        if file is not None and fixed.committed.tree.root == root:
            keep_fixed(file, fixed)
    return Prover(circuit, parameters, low_memory=low_memory, fixed=fixed)


def kept_file(root: bytes, *, resident: bool) -> Path | None:
    """Where the fixed columns of a root are kept; None if nothing can be kept."""
    folder, _ = choose_cache(FOLDER)
    kind = "values" if resident else "coefficients"
    return None if folder is None else folder / f"{root.hex()}.{kind}.{LAYOUT}"


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


def load_fixed(file: Path, shape: Shape, root: bytes, *, resident: bool) -> FixedColumns | None:
    """The fixed columns in a file; None if there are none of this shape and root."""
    arrays = load_arrays(file)
    if arrays is None or not _fits(arrays, shape, resident=resident):
        return None
    fixed = _fixed_columns(arrays, shape, resident=resident)
    return fixed if fixed.committed.tree.root == root else None


def fixed_arrays(fixed: FixedColumns) -> dict[str, npt.NDArray[Any]]:
    """The arrays that a file holds: rows of every group, values on all cosets or coefficients by
    group, the tallest first, and levels of the tree."""
    columns, levels = fixed.committed.columns, fixed.committed.tree.levels
    held = [each.values for each in columns.coefficients]
    if columns.extended is not None:
        held = [columns.extended]
    return {
        **{f"rows.{i}": array for i, array in enumerate(fixed.matrices)},
        **{f"columns.{i}": array for i, array in enumerate(held)},
        **{f"level.{i}": array for i, array in enumerate(levels)},
    }


def _fits(arrays: Arrays, shape: Shape, *, resident: bool) -> bool:
    """Whether names, types and shapes are those of the fixed columns of this shape."""
    wanted: dict[str, tuple[type, tuple[int, ...]]] = {}
    for i, group in enumerate(shape.groups):
        wanted[f"rows.{i}"] = np.uint32, (group.height, padded_width(group.widths[Phase.FIXED]))
    empty = empty_columns(shape, Phase.FIXED)
    if resident:
        wanted["columns.0"] = np.uint32, (shape.parameters.blowup, empty.stacks.size)
    for i, (_, height, width, *_) in enumerate([] if resident else empty.stacks.groups.tolist()):
        wanted[f"columns.{i}"] = np.uint32, (width // LANES, height, LANES)
    for i in range(shape.log2_domain + 1):
        wanted[f"level.{i}"] = np.uint64, (1 << shape.log2_domain - i, 4)
    found = {name: (array.dtype.type, array.shape) for name, array in arrays.items()}
    return found == wanted


def _fixed_columns(arrays: Arrays, shape: Shape, *, resident: bool) -> FixedColumns:
    empty = empty_columns(shape, Phase.FIXED)
    columns = replace(empty, extended=arrays["columns.0"]) if resident else empty
    if not resident:
        held = (arrays[f"columns.{i}"] for i in range(len(empty.groups)))
        columns = replace(empty, coefficients=tuple(map(_blocks, held)))
    levels = tuple(arrays[f"level.{i}"] for i in range(shape.log2_domain + 1))
    tree = Tree(None, levels, shape.parameters.digest_bytes)
    rows = tuple(arrays[f"rows.{i}"] for i in range(len(shape.groups)))
    return FixedColumns(shape, rows, CommittedPhase(columns, tree))


def _blocks(values: npt.NDArray[Any]) -> Blocks:
    blocks, height, _ = values.shape
    log2 = height.bit_length() - 1
    return Blocks(values, blocks * LANES, log2, block_strides(log2))
