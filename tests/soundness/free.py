"""Cells that may hold anything: which columns, on which rows, and why nobody is deceived by them.

A cell is free where every constraint that has it is multiplied by 0, every message that has it is
said 0 times, or where several values say the same. The searches that forge cells (`mutations` in
whole proofs, `cells` without) accept a free cell only with an entry here; `cells` also reports an
entry that excuses more rows than it must, or nothing at all.

A condition names cells of the forged row, fixed columns with `fixed.` before them, and gives the
value that each must have: a number, or the name of the cell that it must be equal to. Of a deposit
`off_curve.0` to `.6` are by how much its key misses the curve.
"""

import re
from collections.abc import Mapping

from circuits.tables.deposit.columns import OWNER_WORDS
from rollup.crypto.curve import right_side
from rollup.field import septic

Where = Mapping[str, int | str]
Entry = tuple[str, Where, str]

ABSENT: Where = {"exists": 0}
NO_OUTCOME: Where = {
    "registered": 0,
    "credited": 0,
    "rotated": 0,
    "key_non_canonical": 0,
    "key_off_curve": 0,
    "account_exists": 0,
    "account_missing": 0,
    "overflow": 0,
    "not_owner": 0,
    "asset_unknown": 0,
    "barred": 0,
}

PADDING: Mapping[str, tuple[Where, str]] = {
    **{
        table: ({"active": 0}, "a padding row counts nothing and sends nothing")
        for table in (
            *("tree", "fill", "takeover", "outflow", "account", "header", "position", "total"),
            *("market", "trigger", "slot", "order"),
        )
    },
    "signature": ({"active": 0}, "a row without a signature has some, of nothing"),
    "deposit": (NO_OUTCOME, "a row without an outcome consumes no entry"),
    "batch": ({"fixed.is_first": 0}, "all of the batch is on the first row"),
    "base": ({"fixed.entry": 0}, "no entry is there to be asked for"),
}
"""The rows of each table that say nothing, in whatever column."""

_SIGNATURES: tuple[Entry, ...] = (
    (
        r"ladder\.((high|low)\.digit|octets\.\d\.byte|value|window_uses)",
        {"fixed.adds": 0},
        "nothing is added or served on the row",
    ),
    (
        r"ladder\.(high\.slopes\.0|window\.apart)\.\d",
        {"fixed.adds": 0},
        "the row doubles no sum of the row above, and makes no entry of that row's",
    ),
    (
        r"ladder\.high\.slopes\.0\.\d",
        {"fixed.starts": 1},
        "a signature begins with twice the start, which is said of that itself",
    ),
    (
        r"ladder\.(key\.[xy]|window\.(x|y|slope))\.\d",
        {"fixed.is_first": 1},
        "above all signatures: nobody's key, and an entry that is not served",
    ),
)

_FILL: tuple[Entry, ...] = (
    (
        r"fill\.(exhausted|rest_carries(\.\d)+)",
        {"buyer.taken": 0, "seller.taken": 0},
        "what a liquidated account leaves to the backstop: none is in the fill",
    ),
    *(
        (
            rf"fill\.{side}\.(slot|generation|max_fee|reduce_only|when_clamped|price_room\.\d"
            r"|remainder(\.\d|_room)|fee_carries(\.\d)+|slot_ts|left_(before|after)\.\d)",
            {f"{side}.taken": 1},
            "a liquidated account has no order, no slot and no fee",
        )
        for side in ("buyer", "seller")
    ),
    *(
        (
            r"fill\.(above|below)_room\.2",
            {f"{side}.taken": 1},
            "what a liquidated account loses is not counted as traded; below is what is waived",
        )
        for side in ("buyer", "seller")
    ),
)

_TAKER = (
    r"takeover\.(taker_account|kept_carries(\.\d)+|taker\.(\w+_ts|took"
    r"|(cash|position)_(before|after|carries)(\.\d)+))"
)

_TAKEOVER: tuple[Entry, ...] = (
    (_TAKER, {"settled": 1}, "nobody takes lots that are settled"),
    (_TAKER, {"estate": 1}, "the estate is no account"),
    (
        r"takeover\.exhausted",
        {"settled": 1},
        "a lot of a market that has ended costs no fee, so that none is waived",
    ),
    (r"takeover\.standing", {"closes": 0}, "of a taker that closes its own lots"),
)

_OUTFLOW: tuple[Entry, ...] = (
    (r"outflow\.asset_inverse", {"asset": 0}, "the inverse of 0, which is the mark of cash"),
    (
        r"outflow\.(accounts_inverse|payee\.(last_ts|carries(\.\d)+))",
        {"transfer": 0},
        "a withdrawal pays no account of the state",
    ),
    (
        r"outflow\.payee\.(before\.2|after\.4)",
        {"transfer": 0, "of_asset": 0},
        "the same, of the third pair of cash",
    ),
    (
        r"outflow\.payee\.(traded|took)",
        {"transfer": 0, "of_asset": 1},
        "the same, of the word of an asset",
    ),
)

_ORDER: tuple[Entry, ...] = (
    (r"order\.time_left\.\d", {"cancel": 1}, "a cancel is in time for ever"),
)

_ACCOUNT: tuple[Entry, ...] = (
    (
        r"account\.before\.(salt|with_slots)\.\d",
        {"existed": 0},
        "an account that was not there has no old leaf to hash",
    ),
    (
        r"account\.(header|after\.(salt|with_\w+))\.\d",
        ABSENT,
        "an account that stays absent, after a refused credit, has no header and no leaf",
    ),
    (
        r"account\.(least|sums(\.\w+)+)",
        ABSENT,
        "an account that stays absent has no positions",
    ),
    (
        r"account\.(safety|rest|rest_carries|room|room_carries)(\.\d+)+",
        ABSENT,
        "an account that stays absent has no safety",
    ),
    (
        r"account\.(keyed|published\.(\w+\.\d|place))",
        ABSENT,
        "an account that stays absent has no header, no key that may sign, and nothing published",
    ),
    (
        r"account\.rekeyed",
        {"rotated": 0, "liquidated": 0, "after.below": 0},
        "there is no other key",
    ),
    (
        r"account\.backstop_inverse",
        {"backstop": 1},
        "the inverse of 0: the account's number is the backstop's",
    ),
    (
        r"account\.(relief|spare|spare_carries)(\.\d)+",
        {"healed": 0},
        "what the last lot was worth that healed an account: none healed this one",
    ),
    (
        r"account\.exit\.amount\.\d",
        {"exit.refused": 0},
        "what an exit asked for: none of the account is refused",
    ),
    (
        r"account\.exit\.(lacking|carries)(\.\d)+",
        {"exit.short": 0},
        "by how much an account is short: it is not said to be",
    ),
    (
        r"account\.rest_carries(\.\d)+",
        {"after.below": 1},
        "a flagged account has no safety to divide by: its triggers are at the price",
    ),
    (
        r"account\.room(_carries)?(\.\d)+",
        {"capped": 1},
        "a safety that is the largest which is counted needs no room below the next",
    ),
    (r"account\.dues_inverse", {"dues": 0}, "the inverse of 0: nobody says that it was due"),
    (r"account\.refresh\.cash_low", {"refresh.pays": 0}, "who pays no fee has no cash to check"),
    (
        r"account\.refresh\.inverse",
        {"refresh.stops": 0, "refresh.passes": 0},
        "the fee carries into no pair, so that none is shown not to be p - 1",
    ),
)

_HEADER: tuple[Entry, ...] = (
    (r"header\.with_header\.\d", {"renewed": 0}, "of a header that comes in place of another"),
)

_SLOT: tuple[Entry, ...] = (
    (
        r"slot\.(backstop|time_left\.\d)",
        {"offers": 0},
        "whose an order is and how long it lasts, where none is offered",
    ),
    (
        r"slot\.left_inverse",
        {"live": 0, "last_left.0": 0, "last_left.1": 0},
        "the inverse of 0: nothing is left",
    ),
)

_POSITION: tuple[Entry, ...] = (
    (
        r"position\.(old_hash\.\d|before\.inverse)",
        {"before.held": 0},
        "what was empty has no block to hash and no inverse",
    ),
    (
        r"position\.(new_hash\.\d|published\.(pad|hash)\.\d|after\.inverse)",
        {"after.held": 0},
        "what is empty has no block to hash and no inverse",
    ),
    (
        r"position\.after\.trigger",
        {"after.held": 0, "sunk.0": 0},
        "what is empty has no trigger",
    ),
    (
        r"position\.sunk\.0",
        {"after.held": 0, "after.trigger": 0},
        "what is empty has no trigger that could be below the lowest",
    ),
    (r"position\.came", {"stays": 0, "before.held": 0}, "nobody asks why it may stay"),
    *(
        (
            r"position\.came",
            {"stays": 0, "before.short": short, "after.short": 1 - short},
            "nobody asks why it may stay, and it changed its side",
        )
        for short in (0, 1)
    ),
    (
        r"position\.excused",
        {"clear": 1, "smaller": 0},
        "what the backstop has more of may be dust: whether it says so is its own choice",
    ),
    (r"position\.size_room\.\d", {"excused": 1}, "what the backstop has more of may be dust"),
    (
        r"position\.zone_room\.\d",
        {"deleveraged": 0, "behind": 0},
        "how far an old trigger is from the end of a zone, where nobody asks for it",
    ),
)

_MARKET: tuple[Entry, ...] = (
    (
        r"market\.rate(\.\w+)+",
        {"hour.rated": 0},
        "the division of a premium rate, in a batch that proves none",
    ),
    (r"market\.rate\.tens(\.\d)+", {"rate.thin": 0}, "the rate need not be in tens"),
    (
        r"market\.backstop\.\w+\.\d",
        {"sides.0.zoned": 0, "sides.1.zoned": 0},
        "what the backstop has, in a market where nobody is deleveraged",
    ),
    *(
        (
            rf"market\.sides\.{side}\.(zone_room\.\d|short(_carries)?(\.\d)+)",
            {f"sides.{side}.zoned": 0},
            "how far deleveraging goes, and what the backstop lacks, where there is none",
        )
        for side in (0, 1)
    ),
    *(
        (
            rf"market\.sides\.{side}\.zone",
            {f"sides.{side}.zoned": 0, "risk_uses": 0},
            "the end of a zone that there is not, of which no position is told",
        )
        for side in (0, 1)
    ),
    *(
        (
            rf"market\.sides\.{side}\.falls",
            {"listed": 1, f"sides.{side}.lags": 0, f"sides.{side}.before": f"sides.{side}.after"},
            "the frontier is at the price and was: a sweep from there to there passes nothing",
        )
        for side in (0, 1)
    ),
    (
        r"market\.fold\.old_(middle|hash)\.\d",
        {"listed": 0},
        "a market that is new is not in the old leaf",
    ),
    (
        r"market\.tally\.(premium|volume)_carries(\.\d)+",
        {"ends": 1},
        "premium and volume of a market that ends are nothing, and no sums",
    ),
    (
        r"market\.tally\.not_grown",
        {f"hour.cap.{limb}": f"tally.open_interest.0.{limb}" for limb in range(4)},
        "the cap is what was held before: both bounds are one",
    ),
)

_DEPOSIT: tuple[Entry, ...] = (
    *(
        (
            rf"deposit\.off_curve_proof\.{part}",
            {f"off_curve.{part}": 0},
            "the weight of a distance that is 0",
        )
        for part in range(septic.DEGREE)
    ),
    (
        r"deposit\.(sum|sum_carries)(\.\d)+",
        {"registered": 0, "credited": 0, "rotated": 0, "overflow": 0},
        "the sum of an entry that is refused before it is summed: nobody reads it",
    ),
    (
        r"deposit\.position_(ts|before\.\d)",
        {"looked": 0},
        "lots of an account whose cash is credited, or that is refused",
    ),
    *(
        (
            rf"deposit\.holder\.{word}",
            {"asks": 0, f"stranger_proof.{word}": 0},
            "whose account it is decides about no other entry than a rotation",
        )
        for word in range(OWNER_WORDS)
    ),
    *(
        (
            rf"deposit\.stranger_proof\.{word}",
            {f"holder.{word}": f"owner.{word}"},
            "the weight of a distance that is 0",
        )
        for word in range(OWNER_WORDS)
    ),
)

_BATCH: tuple[Entry, ...] = (
    (
        r"batch\.open_inverse",
        {"lagging": 0, "after.flagged": 0},
        "the inverse of 0: nothing is left to do for the step",
    ),
    (
        r"batch\.rests\.(amount|sum_carries|previous_ts|cash_\w+)(\.\d)*",
        {"rested": 0},
        "the credit of what takeovers leave to the backstop, where they leave nothing",
    ),
)

FREE: tuple[Entry, ...] = (
    *_SIGNATURES,
    *_FILL,
    *_TAKEOVER,
    *_OUTFLOW,
    *_ORDER,
    *_ACCOUNT,
    *_HEADER,
    *_SLOT,
    *_POSITION,
    *_MARKET,
    *_DEPOSIT,
    *_BATCH,
)
"""Columns that may be free on rows that say something, by pattern; on which; why."""


def holds(where: Where, cells: Mapping[str, int]) -> bool:
    """Whether the cells of a row are as a condition wants them."""
    return all(
        cells[name] == (cells[wanted] if isinstance(wanted, str) else wanted)
        for name, wanted in where.items()
    )


def entry_of(table: str, column: str, cells: Mapping[str, int]) -> Entry | None:
    """The entry that excuses a cell; `cells` are those of its row, by name."""
    if table in PADDING and holds(PADDING[table][0], cells):
        return (rf"{table}\..+", *PADDING[table])
    name = f"{table}.{column}"
    if table == "deposit":
        cells = {**cells, **_off_curve(cells)}
    found = (e for e in FREE if re.fullmatch(e[0], name) and holds(e[1], cells))
    return next(found, None)


def _off_curve(cells: Mapping[str, int]) -> dict[str, int]:
    """By how much the key of a deposit misses the curve, coordinate by coordinate."""
    x, y = (tuple(cells[f"key_{name}.{k}"] for k in range(septic.DEGREE)) for name in "xy")
    missed = septic.subtract(septic.square(y), right_side(x))
    return {f"off_curve.{k}": part for k, part in enumerate(missed)}
