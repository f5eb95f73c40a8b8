"""How a signed outflow is written in a batch file (rollup.protocol.batch_codec). Private."""

from rollup.codec.fields import Node
from rollup.codec.strict import Value
from rollup.protocol.constants import SIGNATURE_BYTES
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow

OUTFLOW_NUMBERS = (
    "chain",
    "venue",
    "account",
    "slot",
    "generation",
    "receiver",
    "asset",
    "amount",
    "expiry",
)


def outflow_value(signed: SignedOutflow) -> Value:
    """The record of a signed outflow."""
    outflow = signed.outflow
    numbers: dict[str, Value] = {name: getattr(outflow, name) for name in OUTFLOW_NUMBERS}
    return {**numbers, "kind": int(outflow.kind), "signature": signed.signature}


def read_outflow(node: Node) -> SignedOutflow:
    """The signed outflow in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record((*OUTFLOW_NUMBERS, "kind", "signature"))
    outflow = Outflow(
        **{name: record[name].integer() for name in OUTFLOW_NUMBERS},
        kind=record["kind"].convert("a kind of outflow", OutflowKind),
    )
    return SignedOutflow(outflow, record["signature"].raw(SIGNATURE_BYTES))
