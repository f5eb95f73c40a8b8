"""What packaging binds: implementations of the ports, found by entry point and loaded by name."""

from collections.abc import Callable
from importlib.metadata import entry_points

from rollup.ports import Verifier
from rollup.protocol.shape_class import CLASS_S

VERIFIER_GROUP = "crypsis.verifier"

PROOF_SYSTEM = "stark"
"""The one implementation that this distribution brings."""


def installed_verifier(parameter_set: str, shape_class: str = CLASS_S.name) -> Verifier:
    """The installed verifier for a parameter set and a shape class, both by name.

    LookupError if no package offers one.
    """
    for found in entry_points(group=VERIFIER_GROUP, name=PROOF_SYSTEM):
        make: Callable[[str, str], Verifier] = found.load()
        return make(parameter_set, shape_class)
    raise LookupError(f"no package offers {PROOF_SYSTEM!r} in {VERIFIER_GROUP}; run `make setup`")
