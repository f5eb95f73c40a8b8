"""What the commands print: one record each for programs, and the same as a table for people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rollup.protocol.receipt import SignedReceipt
from rollup.protocol.receipt_json import signed_to_json
from sequencer.client.keystore import KeyFile
from sequencer.client.orders import Fill, Liquidation
from sequencer.client.outflows import OwnOutflow
from sequencer.client.view import OrderView

Record = dict[str, object]


def order_record(order: OrderView) -> Record:
    """An own order."""
    slot, generation = order.id
    return {
        "id": f"{slot}/{generation}",
        "market": order.market,
        "side": order.side,
        "price": str(order.price),
        "pegged": order.pegged,
        "size": str(order.size),
        "filled": str(order.filled),
        "remaining": str(order.remaining),
        "status": order.status,
        "reason": order.reason,
        "expires": order.expires,
        "receipts": [each.receipt.sequence for each in order.receipts],
    }


def fill_record(fill: Fill) -> Record:
    """A trade."""
    slot, generation = fill.key
    return {
        "order": f"{slot}/{generation}",
        "market": fill.symbol,
        "side": fill.side.name.lower(),
        "price": str(fill.price),
        "size": str(fill.size),
        "fee": str(fill.fee),
        "batch": fill.batch,
        "time": fill.time,
        "maker": fill.is_maker,
        "void": fill.is_void,
    }


def liquidation_record(each: Liquidation) -> Record:
    """Lots that were taken."""
    return {
        "market": each.symbol,
        "side": each.side.name.lower(),
        "price": str(each.price),
        "size": str(each.size),
        "fee": str(each.fee),
        "batch": each.batch,
        "time": each.time,
        "void": each.is_void,
        "deleveraged": each.deleveraged,
        "settled": each.settled,
    }


def outflow_record(each: OwnOutflow) -> Record:
    """A withdrawal or transfer."""
    slot, generation = each.key
    return {
        "id": f"{slot}/{generation}",
        "asset": each.asset,
        "amount": str(each.amount),
        "receiver": each.receiver,
        "status": each.state.value,
        "reason": each.reason,
        "batch": each.batch,
        "time": each.time,
        "receipts": [receipt.receipt.sequence for receipt in each.receipts],
    }


def account_record(file: KeyFile) -> Record:
    """A key file, without its key."""
    return {
        "file": str(file.path),
        "account": file.account,
        "owner": file.owner.hex(),
        "public_key": file.public_key.hex(),
        "insecure": file.insecure,
    }


def receipt_text(signed: SignedReceipt) -> str:
    """A receipt as the file that `crypsis receipt` reads."""
    return signed_to_json(signed).decode("ascii")


def clock_text(time: int) -> str:
    """A venue's time in UTC, as people read it; in digits where no calendar has it."""
    try:
        text = datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(time)
    return f"{text}.{time % 1000:03d}"


def table(records: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Columns as wide as what is in them; numbers in text keep their digits."""
    rows = [[_cell(record[name]) for name in columns] for record in records]
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = [columns, *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
