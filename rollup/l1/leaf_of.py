"""The leaf of an account as whoever runs the venue has it: what its owner must be given to escape.

Spec: docs/spec/20-exits.md.
"""

from rollup.l1.escape import LeafOpening
from rollup.protocol.state import State


def leaf_of(state: State, index: int) -> LeafOpening:
    """An account of a state, opened to its root. KeyError where there is none."""
    return LeafOpening(index, state.accounts[index], state.path(index), *state.beside)
