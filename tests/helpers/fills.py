"""Fill records from a few numbers a row: what is not given follows from the rules, without a check.

    fill_records({"price": 600_000}, {"buyer.fee": 12})

Names without a side are of the fill, others of "buyer" or "seller". Any derived number may be given
instead: that is how a test lies.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from circuits.gadgets.balanced import COUNT, balanced
from circuits.tables.records import (
    CashAccess,
    FillRecords,
    FillSide,
    PositionAccess,
    SlotAccess,
)
from rollup.protocol.constants import (
    CASH_LIMIT,
    FEE_SCALE,
    MOVED_BITS,
    POSITION_LIMIT,
    PRICE_BITS,
    REST_BITS,
)
from rollup.protocol.encoding import limbs

BAND = {0: (580_000, 620_000), 1: (240_000, 260_000)}
CLIP = {0: (598_560, 601_440), 1: (249_550, 250_450)}
TAKER = (500, 450)
MAKER = (100, 0)

PUBLICS: Mapping[str, Any] = {"redo": 0, "begins_open": 0}

Row = dict[str, int]

_GIVEN = {
    "market": 0,
    "price": 600_000,
    "size": 1_000,
    "taker": 0,
    "funding": 0,
    "oracle": 600_000,
    "fee": 15_000,
    "waived": 0,
    "steady": 1,
    "exhausted": 0,
}
_SIDE = {
    "slot": 3,
    "generation": 7,
    "max_fee": 1000,
    "previous_cash_ts": 0,
    "previous_position_ts": 0,
    "previous_slot_ts": 0,
    "left": 40_000,
    "cash": 10**12,
    "position": -40,
    "existed": 1,
    "pegged": 0,
    "reduce_only": 0,
    "when_clamped": 0,
    "backstop": 0,
    "taken": 0,
    "traded": 0,
    "took": 0,
}
_OF_SIDE = {
    "buyer": {"account": 11, "limit": 600_500},
    "seller": {"account": 12, "limit": 599_500},
}


def complete(changes: Mapping[str, int]) -> Row:
    """One row with everything that follows from what is given."""
    row = {**_GIVEN, **{k: v for k, v in changes.items() if "." not in k}}
    band = BAND[row["market"]]
    held, owed = (changes.get(f"{side}.taken", 0) for side in ("seller", "buyer"))
    quarter, fee = row["fee"] // 4, row["fee"]
    low = row["oracle"] if changes.get("seller.backstop") else band[0]
    high = row["oracle"] if changes.get("buyer.backstop") else band[1]
    row.setdefault("band_low", row["oracle"] - quarter if held else low)
    row.setdefault("band_high", row["oracle"] + quarter if owed else high)
    net = row["oracle"] - fee if held else row["oracle"] + fee if owed else 0
    row.setdefault("net", net)
    for name, price in zip(("clip_low", "clip_high"), CLIP[row["market"]], strict=True):
        row.setdefault(name, price)
    row.setdefault("taker_fee", TAKER[row["market"]])
    row.setdefault("maker_fee", MAKER[row["market"]])
    row.setdefault("notional", row["price"] * row["size"])
    row.setdefault("moved", row["size"] * (row["price"] - row["funding"]))
    for index, side in enumerate(_OF_SIDE):
        own = {k.split(".")[1]: v for k, v in changes.items() if k.startswith(side)}
        values = {**_SIDE, **_OF_SIDE[side], **own}
        _complete_side(row, values, index)
        row |= {f"{side}.{name}": value for name, value in values.items()}
    return row


def _complete_side(row: Row, side: Row, index: int) -> None:
    direction = -1 if index else 1
    if side["taken"]:
        side["limit"] = row["price"]
        for name in ("slot", "generation", "max_fee", "left", "left_after"):
            side[name] = 0
        whole = direction * row["size"] * (row["net"] - row["price"])
        side.setdefault("fee", whole - row["waived"])
    schedule = TAKER if row["taker"] == index else MAKER
    side.setdefault("rate", schedule[row["market"]])
    side.setdefault("fee", -(-row["notional"] * side["rate"] // FEE_SCALE))
    side.setdefault("left_after", side["left"] - row["size"])
    side.setdefault("cash_after", side["cash"] - direction * row["moved"] - side["fee"])
    side.setdefault("position_after", side["position"] + direction * row["size"])


def fill_records(*rows: Mapping[str, int]) -> FillRecords:
    """Records of these fills."""
    full = [complete(row) for row in rows]

    def column(name: str, bias: int = 0) -> Any:
        return np.array([row[name] + bias for row in full], dtype=np.int64)

    return FillRecords(
        market=column("market"),
        price=column("price"),
        size=column("size"),
        taker=column("taker"),
        notional=column("notional"),
        moved=np.array([(row["moved"] + (1 << MOVED_BITS)) % 2**64 for row in full], np.uint64),
        rate=(column("buyer.rate"), column("seller.rate")),
        band_low=column("band_low"),
        band_high=column("band_high"),
        taker_fee=column("taker_fee"),
        maker_fee=column("maker_fee"),
        clip_low=column("clip_low"),
        clip_high=column("clip_high"),
        funding=np.array([balanced(row["funding"]) for row in full], np.int64).reshape(-1, COUNT),
        oracle=column("oracle"),
        net=np.array([limbs(row["net"], PRICE_BITS) for row in full], np.int64).reshape(-1, 3),
        waived=column("waived") % 2**REST_BITS,
        steady=column("steady"),
        exhausted=column("exhausted"),
        sides=(_side(full, "buyer", column), _side(full, "seller", column)),
    )


def _side(full: list[Row], side: str, column: Callable[..., Any]) -> FillSide:
    def cash(name: str) -> Any:
        values = [(row[f"{side}.{name}"] + CASH_LIMIT) % 2**64 for row in full]
        return np.array(values, dtype=np.uint64)

    def own(name: str, bias: int = 0) -> Any:
        return column(f"{side}.{name}", bias)

    before, after = cash("cash"), cash("cash_after")
    there = own("existed")
    account = own("account")
    access = CashAccess(account, own("previous_cash_ts"), before, after, there, there)
    return FillSide(
        taken=own("taken"),
        account=account,
        slot=own("slot"),
        generation=own("generation"),
        limit=own("limit"),
        pegged=own("pegged"),
        reduce_only=own("reduce_only"),
        when_clamped=own("when_clamped"),
        backstop=own("backstop"),
        max_fee=own("max_fee"),
        fee=own("fee"),
        traded=own("traded"),
        took=own("took"),
        cash=access,
        position=PositionAccess(
            own("previous_position_ts"),
            own("position", POSITION_LIMIT),
            own("position_after", POSITION_LIMIT),
        ),
        slot_access=SlotAccess(
            own("previous_slot_ts"),
            own("left"),
            own("left_after"),
        ),
    )
