"""Every way in which a client's call can fail: one hierarchy, each with a `code` that stays.

ClientError
  Refusal           the call was refused here: nothing was sent
    NotOnTick, NotOnLot, OutOfRange, NoFreeSlot, ClientIdInUse, Unknown
  OrderRefused      the venue says that the order or cancel does nothing, and why
  EnvelopeRefused   the venue could not open an envelope, whatever was in it
  VenueProblem      a problem of RFC 9457, by the venue's own code
  TransportError    no answer
    Unreachable, ConnectionBroken, TimedOut
  WrongAnswer       the venue answered what no venue of its description answers
    AnswerTooLarge, NotForUs, WrongReceipt
      Misbehaviour  its own receipts prove that it broke its word: keep the evidence
"""

from collections.abc import Sequence
from decimal import Decimal

from rollup.protocol.misconduct import Finding
from rollup.protocol.receipt import SignedReceipt


class ClientError(Exception):
    """Something that was asked for did not happen. `code` is its stable name."""

    code = "client"


class Refusal(ClientError):
    """Refused before anything was sent."""

    code = "refused-here"


class _NotOnGrid(Refusal):
    """A number between two steps of its market. `nearest` is the closest one, the lower one of two
    that are as close; nothing was rounded for anybody."""

    def __init__(self, got: Decimal, nearest: Decimal, step: Decimal) -> None:
        super().__init__(f"{got} is no multiple of {step}: the nearest is {nearest}")
        self.got = got
        self.nearest = nearest
        self.step = step


class NotOnTick(_NotOnGrid):
    """A price between two ticks."""

    code = "not-on-tick"


class NotOnLot(_NotOnGrid):
    """A size between two lots."""

    code = "not-on-lot"


class OutOfRange(Refusal):
    """A number that no order can carry."""

    code = "out-of-range"


class NoFreeSlot(Refusal):
    """256 orders of the account live or are on their way."""

    code = "no-free-slot"


class ClientIdInUse(Refusal):
    """Another order of this client has that name and has not ended."""

    code = "client-id-in-use"


class Unknown(Refusal):
    """No such market, order or word."""

    code = "unknown"


class AccountBusy(Refusal):
    """Another program trades with this account's file: two would use generations twice."""

    code = "account-busy"


class KeyFileError(Refusal):
    """A key file that cannot be used, or the wrong password for it."""

    code = "key-file"


class PasswordTooShort(Refusal):
    """A new key file wants a longer password."""

    code = "password-too-short"


class OrderRefused(ClientError):
    """The venue refuses an order or a cancel. `reason` is its stable name; for a signature that did
    not hold, `digest` is what the venue computed, as hex."""

    code = "order-refused"

    def __init__(self, reason: str, digest: str | None = None) -> None:
        computed = "" if digest is None else f" (the venue computed the digest {digest})"
        super().__init__(f"{reason}{computed}")
        self.reason = reason
        self.digest = digest


class EnvelopeRefused(ClientError):
    """An envelope that did not open or was out of time; what was inside was not looked at."""

    code = "envelope-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VenueProblem(ClientError):
    """The venue refuses a request. `code` is the problem's own, `retry_after` in seconds."""

    def __init__(self, code: str, status: int, detail: str, retry_after: float | None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class TransportError(ClientError):
    """There is no answer. What was sent may have come: send the same bytes again, and no others."""

    code = "transport"
    may_have_happened = True


class Unreachable(TransportError):
    """No connection could be made: nothing was sent."""

    code = "unreachable"
    may_have_happened = False


class ConnectionBroken(TransportError):
    """The connection broke before the answer was whole."""

    code = "connection-broken"


class TimedOut(TransportError):
    """The answer did not come in time."""

    code = "timed-out"


class WrongAnswer(ClientError):
    """An answer that no honest venue gives."""

    code = "wrong-answer"


class AnswerTooLarge(WrongAnswer):
    """More bytes than any such answer has. No more of it was read."""

    code = "answer-too-large"


class NotForUs(WrongAnswer):
    """A sealed answer that does not open with the key of the envelope that it should answer."""

    code = "not-for-us"


class WrongReceipt(WrongAnswer):
    """A receipt that is not signed by the venue's key, or not for what was sent."""

    code = "wrong-receipt"


class Misbehaviour(WrongReceipt):
    """The venue's own receipts prove that it broke its word. `evidence` is what shows it to anybody
    (`crypsis receipt fraud`, `crypsis receipt check`): write it down."""

    code = "misbehaviour"

    def __init__(self, finding: Finding, evidence: Sequence[SignedReceipt]) -> None:
        super().__init__(f"{finding.misconduct.value}: {finding.detail}")
        self.finding = finding
        self.evidence = tuple(evidence)
