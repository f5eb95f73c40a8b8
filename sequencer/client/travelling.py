"""What is signed, as it travels in an envelope: records of the protocol as actions, and paths of
bundles both ways. Clients write these, and whoever plays one; the venue's door reads them.
"""

from rollup.crypto.envelope import (
    ActionPath,
    CancelAction,
    OrderAction,
    OutflowAction,
    QuestionAction,
)
from rollup.protocol.bundle import BundlePath
from rollup.protocol.cancel import SignedCancel
from rollup.protocol.encoding import digest_bytes, digest_of
from rollup.protocol.order import SignedOrder
from rollup.protocol.outflow import SignedOutflow
from rollup.protocol.question import Question


def order_action(signed: SignedOrder) -> OrderAction:
    """A signed order, of a bundle or alone."""
    order = signed.order
    return OrderAction(
        account=order.account,
        slot=order.slot,
        generation=order.generation,
        market=order.market,
        side=int(order.side),
        price=order.price,
        size=order.size,
        expiry=order.expiry,
        max_fee=order.max_fee,
        flags=order.flags,
        signature=signed.signature,
        path=path_action(signed.path),
    )


def cancel_action(signed: SignedCancel) -> CancelAction:
    """A signed cancel, of a bundle or alone."""
    cancel = signed.cancel
    return CancelAction(
        cancel.account,
        cancel.slot,
        cancel.generation,
        signed.signature,
        path_action(signed.path),
    )


def outflow_action(signed: SignedOutflow) -> OutflowAction:
    """A signed withdrawal or transfer."""
    outflow = signed.outflow
    return OutflowAction(
        outflow.account,
        outflow.slot,
        outflow.generation,
        int(outflow.kind),
        outflow.receiver,
        outflow.asset,
        outflow.amount,
        outflow.expiry,
        signed.signature,
    )


def question_action(question: Question, signature: bytes) -> QuestionAction:
    """A signed question."""
    return QuestionAction(question.account, question.cursor, question.response_key, signature)


def path_action(path: BundlePath | None) -> ActionPath | None:
    """A path as bytes; nothing of what was signed alone."""
    if path is None:
        return None
    return ActionPath(path.place, tuple(map(digest_bytes, path.siblings)))


def path_of_action(path: ActionPath | None) -> BundlePath | None:
    """The path of such bytes. Rejected for a place beyond its bundle and for words that are no
    field elements."""
    if path is None:
        return None
    return BundlePath(path.place, tuple(map(digest_of, path.siblings)))
