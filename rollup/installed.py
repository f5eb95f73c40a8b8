"""What packaging binds: implementations of the ports, found by entry point and loaded by name."""

from collections.abc import Callable
from importlib.metadata import entry_points

from rollup.ports import Verifier

VERIFIER_GROUP = "crypsis.verifier"

PROOF_SYSTEM = "stark"
"""The one implementation that this distribution brings."""


def installed_verifier(parameter_set: str) -> Verifier:
    """The installed verifier for a parameter set. LookupError if no package offers one."""
    for found in entry_points(group=VERIFIER_GROUP, name=PROOF_SYSTEM):
        make: Callable[[str], Verifier] = found.load()
        return make(parameter_set)
    raise LookupError(f"no package offers {PROOF_SYSTEM!r} in {VERIFIER_GROUP}; run `make setup`")
