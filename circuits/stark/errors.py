"""How a verifier says no: one exception, with a reason out of a closed list."""

from enum import Enum


class Failure(Enum):
    """Why a proof was refused. The value is the text shown to a user."""

    PROTOCOL_VERSION = "the proof is not of this version of the proof system"
    MALFORMED = "the proof does not have the bytes that the circuit and the parameters call for"
    NON_CANONICAL = "the proof holds a field element that is not below p"
    PUBLIC_VALUES = "the public values do not fit the circuit"
    PUBLIC_MESSAGES = "the public messages do not fit the circuit's buses"
    WRONG_KEY = "the verification key belongs to another circuit or lacks the parameter set"
    UNSUITABLE_HEIGHTS = "a table's height does not suit the parameter set"
    MULTIPLICITY_BOUND = "a bus may carry as many messages as the field has elements"
    DEGENERATE_CHALLENGE = "a public message meets a zero denominator"
    UNBALANCED_BUSES = "what the tables send and receive, public messages included, does not cancel"
    CONSTRAINTS = "the opened values do not satisfy the constraints"
    GRINDING = "a nonce does not do the work that the parameters ask for"
    MERKLE_PATH = "opened rows do not lead to the committed root"
    FOLD = "a fold of the opened polynomial disagrees with the next layer"
    FINAL_POLYNOMIAL = "the last fold disagrees with the final polynomial"


class VerificationError(Exception):
    """A proof was refused: `reason` says why, `detail` where. Nothing else leaves the verifier."""

    def __init__(self, reason: Failure, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
