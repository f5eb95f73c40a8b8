"""What packaging binds: implementations of the ports, found by entry point and loaded by name, and
the extras that bring what some commands need."""

import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import requires
from typing import TYPE_CHECKING

from rollup.entry import InstallationError, only_entry_point
from rollup.ports import InstalledVerifier
from rollup.protocol.shape_class import CLASS_S

if TYPE_CHECKING:
    from rollup.l1.evm.proofs import ChainProofs
    from rollup.l1.exit_asked import ExitProver
    from rollup.l1.private_exit import ExitVerifier

DISTRIBUTION = "crypsis"
VERIFIER_GROUP = "crypsis.verifier"
CHAIN_GROUP = "crypsis.chain"
EXIT_VERIFIER_GROUP = "crypsis.exit_verifier"
EXIT_PROVER_GROUP = "crypsis.exit_prover"

PROOF_SYSTEM = "stark"
"""The one implementation that this distribution brings."""

_OF_EXTRA = re.compile(r"(?P<library>[\w.-]+).*extra == ['\"](?P<extra>[\w-]+)['\"]")


def installed_verifier(parameter_set: str, shape_class: str = CLASS_S.name) -> InstalledVerifier:
    """The installed verifier for a parameter set and a shape class, both by name.

    InstallationError if no distribution offers one, or several do.
    """
    found = only_entry_point(VERIFIER_GROUP, PROOF_SYSTEM)
    if found is None:
        raise InstallationError(_missing(VERIFIER_GROUP))
    make: Callable[[str, str], InstalledVerifier] = found.load()
    return make(parameter_set, shape_class)


def installed_verifiers(
    parameter_set: str, shape_classes: Sequence[str]
) -> tuple[InstalledVerifier, ...]:
    """The installed verifiers for some shape classes by name, in the order in which a contract pins
    them: that of the names. InstallationError as for one."""
    return tuple(installed_verifier(parameter_set, each) for each in sorted(set(shape_classes)))


def installed_chain_proofs() -> "ChainProofs":
    """What the installed proof system offers for chains. InstallationError if none does, or several
    distributions do."""
    found = only_entry_point(CHAIN_GROUP, PROOF_SYSTEM)
    if found is None:
        raise InstallationError(_missing(CHAIN_GROUP))
    make: Callable[[], ChainProofs] = found.load()
    return make()


def installed_exit_verifier(parameter_set: str) -> "ExitVerifier":
    """The installed verifier of private exits for a parameter set. InstallationError as for one of
    batches."""
    found = only_entry_point(EXIT_VERIFIER_GROUP, PROOF_SYSTEM)
    if found is None:
        raise InstallationError(_missing(EXIT_VERIFIER_GROUP))
    make: Callable[[str], ExitVerifier] = found.load()
    return make(parameter_set)


def installed_exit_prover(parameter_set: str) -> "ExitProver":
    """What proves private exits with a parameter set. InstallationError as for a verifier."""
    found = only_entry_point(EXIT_PROVER_GROUP, PROOF_SYSTEM)
    if found is None:
        raise InstallationError(_missing(EXIT_PROVER_GROUP))
    make: Callable[[str], ExitProver] = found.load()
    return make(parameter_set)


def _missing(group: str) -> str:
    return (
        f"no package offers {PROOF_SYSTEM!r} in {group}; install this one anew, from its folder: "
        f"{sys.executable} -m pip install --no-deps --editable ."
    )


def extra_with(module: str) -> str | None:
    """The extra of this distribution that brings a library, by the name of one of its modules.

    None for what no extra brings. An extra is named before those that contain it.
    """
    name = module.partition(".")[0].replace("_", "-")
    for requirement in requires(DISTRIBUTION) or ():
        found = _OF_EXTRA.match(requirement)
        if found and found["library"].lower().replace("_", "-") == name:
            return found["extra"]
    return None


def libraries_of(extra: str) -> list[str]:
    """What an extra of this distribution brings itself, by the names of the libraries."""
    found = [_OF_EXTRA.match(requirement) for requirement in requires(DISTRIBUTION) or ()]
    return [
        each["library"]
        for each in found
        if each and each["extra"] == extra and each["library"] != DISTRIBUTION
    ]
