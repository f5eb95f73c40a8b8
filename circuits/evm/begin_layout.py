"""Where the parts of an opening stand: in its bytes, and its values among all that are opened."""

from circuits.stark.parameters import CHUNKS
from circuits.stark.proof import NONCE_BYTES, VERSION_BYTES
from circuits.stark.shape import RUNNING_SUM, Shape
from circuits.stark.stacks import ELEMENT_BYTES, TRACE_PHASES, Phase


class Opened:
    """Where each column's opened values stand among all, those below after those here."""

    def __init__(self, shape: Shape) -> None:
        self._here: dict[tuple[int, Phase], dict[int, int]] = {}
        self._below: dict[tuple[int, Phase], dict[int, int]] = {}
        for group in shape.groups:
            for phase in TRACE_PHASES:
                self._here[group.number, phase] = {}
                self._below[group.number, phase] = {}
        place, after = 0, shape.opened_here
        for stack in shape.stacks:
            for column in stack.columns:
                self._here[stack.group, stack.phase][column] = place
                place += 1
            for column in stack.columns if stack.below else ():
                self._below[stack.group, stack.phase][column] = after
                after += 1
        for group in shape.groups:
            places = self._here[group.number, Phase.LOOKUP]
            first = places[RUNNING_SUM]
            if places != {column: first + column for column in range(1 + group.fractions)}:
                raise ValueError("lookup columns are opened in another order than their own")

    def here(self, group: int, phase: Phase) -> dict[int, int]:
        """Places of the values at zeta, by column."""
        return self._here[group, phase]

    def below(self, group: int, phase: Phase) -> dict[int, int]:
        """Places of the values in the row below, by column."""
        return self._below[group, phase]


def offsets_of(shape: Shape, digest_bytes: int) -> dict[str, int]:
    """Where the parts of the opening begin; the main root is at the first byte after the
    version."""
    sizes = (
        ("lookup_root", digest_bytes),
        ("terminals", ELEMENT_BYTES * len(shape.groups)),
        ("quotient_root", digest_bytes),
        ("here", ELEMENT_BYTES * shape.opened_here),
        ("after", ELEMENT_BYTES * shape.opened_below),
        ("chunks", ELEMENT_BYTES * CHUNKS),
        ("batch_nonce", NONCE_BYTES),
        ("layers", (digest_bytes + NONCE_BYTES) * shape.folds),
        ("final", ELEMENT_BYTES * shape.final_coefficients),
        ("query_nonce", NONCE_BYTES),
        ("tops", 0),
    )
    offsets, offset = {}, len(VERSION_BYTES) + digest_bytes
    for name, size in sizes:
        offsets[name] = offset
        offset += size
    return offsets
