"""The verification key: what pins a circuit. It is computed once and packaged as data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from circuits.air.circuit import Circuit
from circuits.pcs.merkle_verify import DIGEST_BYTES_MIN
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lowered import Lowered
from circuits.stark.parameters import Parameters
from rollup.codec import shallow_json
from rollup.hash.keccak import DIGEST_BYTES


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The circuit's digest, and the root of its fixed columns for each parameter set by name.

    The fixed columns mark the last active row, which depends on the number of blinded rows.
    """

    circuit_digest: bytes
    fixed_roots: Mapping[str, bytes]

    def fixed_root(self, circuit: Circuit | Lowered, parameters: Parameters) -> bytes:
        """The root for a set. VerificationError if the key is of another circuit or lacks it."""
        if circuit.digest != self.circuit_digest:
            raise VerificationError(Failure.WRONG_KEY, "the circuit has another digest")
        root = self.fixed_roots.get(parameters.name)
        if root is None:
            raise VerificationError(Failure.WRONG_KEY, f"no root for {parameters.name}")
        return root

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, hexadecimal digests, a final newline."""
        roots = {name: root.hex() for name, root in self.fixed_roots.items()}
        record = {"circuit_digest": self.circuit_digest.hex(), "fixed_roots": roots}
        return json.dumps(record, indent=2, sort_keys=True) + "\n"

    @staticmethod
    def from_json(text: str) -> "VerificationKey":
        """The key that a text is. Raises ValueError for anything `to_json` would not write."""
        try:
            record = shallow_json.loads(text)
            digest = bytes.fromhex(record["circuit_digest"])
            roots = {str(name): bytes.fromhex(r) for name, r in record["fixed_roots"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a verification key: {error}") from error
        key = VerificationKey(digest, roots)
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"the circuit digest of a verification key has {DIGEST_BYTES} bytes")
        if not all(DIGEST_BYTES_MIN <= len(root) <= DIGEST_BYTES for root in roots.values()):
            wanted = f"{DIGEST_BYTES_MIN} to {DIGEST_BYTES}"
            raise ValueError(f"a root of a verification key has {wanted} bytes")
        if key.to_json() != text:
            raise ValueError("a verification key is written in one way only")
        return key
