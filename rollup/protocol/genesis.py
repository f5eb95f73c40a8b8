"""Genesis: the file a venue starts from. Spec: docs/spec/03-state.md.

It lists the markets with their risk parameters, the accounts of the venue's own, first prices and
the start time.
At genesis everything is public, so the salts are zero; the first batch brings secret ones.
"""

import json
from dataclasses import dataclass

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.crypto.curve import is_on_curve
from rollup.hash.many import CompressMany
from rollup.protocol.account import Account, Header
from rollup.protocol.batch import Globals, MarketsState
from rollup.protocol.committee import MEMBER_SIGNATURE_BYTES, MEMBERS_MAX
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    CHAIN_BITS,
    DIGEST_LENGTH,
    OWNER_BYTES,
    SEPTIC_LENGTH,
    TIME_BITS,
)
from rollup.protocol.encoding import digest_bytes, point_of, words_of
from rollup.protocol.governance_codec import governance_value, read_governance
from rollup.protocol.market import Governance, require_prices
from rollup.protocol.market_book import MarketBook
from rollup.protocol.oracle import PRICE_LEAST, PRICE_MOST
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.roots import fresh_slots_root
from rollup.protocol.state import State
from rollup.protocol.tally import NO_TALLY
from rollup.protocol.terms import batch_terms
from rollup.protocol.units import Salt, require_bounds, require_bytes, require_tuple_of

FEE_ACCOUNT = 0
"""Genesis registers two accounts of the venue's own, the first and the last; L1 numbers traders
from 1 (ADR 0017)."""

BACKSTOP_ACCOUNT = (1 << ACCOUNT_BITS) - 1

GENESIS_BYTES_MAX = 2**16
NO_SALT: Salt = (0, 0, 0, 0)
MEMBERS = (
    "chain",
    "venue",
    "time",
    "governance",
    "prices",
    "fee_account",
    "backstop_account",
    "receipt_signer",
    "possession",
)
FIRST_ACCOUNT = FEE_ACCOUNT + 1


@dataclass(frozen=True, slots=True)
class Genesis:
    """What a venue starts from: `time` in ms is the end of batch 0, whose prices are `prices`.

    `receipt_signer` is the L1 address whose key signs receipts, for as long as the venue lives.
    `possession` has a proof for each key of the committee, in their order: whether they are any, L1
    asks when the venue is created (rollup.l1.deployment).
    """

    chain: int
    venue: int
    time: int
    governance: Governance
    prices: tuple[int, ...]
    fee_header: Header
    backstop_header: Header
    receipt_signer: bytes
    possession: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        for name in ("chain", "venue"):
            identifier = getattr(self, name)
            require_bounds(name, identifier, 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS)
        require_bounds("time", self.time, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        if not isinstance(self.governance, Governance):
            raise Rejected(Reason.MALFORMED, "genesis holds a Governance")
        require_prices(self.prices, self.governance)
        for price in self.prices:
            reason = Reason.PRICE_OUT_OF_BOUNDS
            require_bounds("price", price, PRICE_LEAST, PRICE_MOST + 1, reason)
        require_bytes("receipt_signer", self.receipt_signer, OWNER_BYTES)
        if self.governance.fee_account != FEE_ACCOUNT:
            raise Rejected(
                Reason.FEE_ACCOUNT_MISSING,
                f"genesis registers account {FEE_ACCOUNT}, "
                f"so fee_account cannot be {self.governance.fee_account}",
            )
        if self.governance.backstop_account != BACKSTOP_ACCOUNT:
            raise Rejected(
                Reason.BACKSTOP_ACCOUNT_MISSING,
                f"genesis registers account {BACKSTOP_ACCOUNT}, "
                f"so backstop_account cannot be {self.governance.backstop_account}",
            )
        for header in (self.fee_header, self.backstop_header):
            if not isinstance(header, Header):
                raise Rejected(Reason.MALFORMED, "genesis holds two Headers")
            if not is_on_curve(header.key):
                raise Rejected(Reason.MALFORMED, "a key of the venue's own is not on the curve")
        self._require_possession()

    def _require_possession(self) -> None:
        require_tuple_of("possession", self.possession, bytes)
        if len(self.possession) != len(self.governance.committee.keys):
            detail = "every key of the committee has a proof of possession"
            raise Rejected(Reason.COMMITTEE, detail)
        for proof in self.possession:
            require_bytes("proof of possession", proof, MEMBER_SIGNATURE_BYTES)

    def state(self, compress_many: CompressMany) -> State:
        """The state after genesis: batch number 0, nothing under custody, two empty accounts."""
        fresh = fresh_slots_root(compress_many)
        headers = {FEE_ACCOUNT: self.fee_header, BACKSTOP_ACCOUNT: self.backstop_header}
        return State(
            {
                index: Account(header, 0, NO_POSITIONS, fresh, NO_SALT)
                for index, header in headers.items()
            },
            MarketsState(
                tuple(terms.numbers for terms in batch_terms(self.governance, self.book())),
                (NO_TALLY,) * len(self.prices),
                NO_SALT,
            ),
            Globals(number=0, time=self.time, total=0, deposits_consumed=0, salt=NO_SALT),
            self.book(),
            compress_many,
        )

    def book(self) -> MarketBook:
        """The market book that the first batch starts from."""
        return MarketBook.opened(self.governance, self.time, self.prices)


def genesis_to_json(genesis: Genesis) -> str:
    """A genesis file, indented for people."""
    value = {
        "chain": genesis.chain,
        "venue": genesis.venue,
        "time": genesis.time,
        "governance": governance_value(genesis.governance),
        "prices": list(genesis.prices),
        "fee_account": _header_value(genesis.fee_header),
        "backstop_account": _header_value(genesis.backstop_header),
        "receipt_signer": genesis.receipt_signer.hex(),
        "possession": [proof.hex() for proof in genesis.possession],
    }
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _header_value(header: Header) -> dict[str, str]:
    return {
        "owner": header.owner.hex(),
        "key_x": digest_bytes(header.key.x).hex(),
        "key_y": digest_bytes(header.key.y).hex(),
        "viewing": digest_bytes(header.viewing).hex(),
    }


def genesis_from_json(data: bytes) -> Genesis:
    """The genesis in a JSON file. Raises CodecError, naming what was wanted and what came."""
    if len(data) > GENESIS_BYTES_MAX:
        raise CodecError(f"genesis: wanted at most {GENESIS_BYTES_MAX} bytes, got {len(data)}")
    try:
        value = shallow_json.loads(data.decode("utf-8"), _unique)
        return _read_genesis(Node(value, "genesis"))
    except Rejected as refusal:
        raise CodecError(f"genesis: {refusal}") from refusal
    except CodecError:
        raise
    except ValueError as error:
        raise CodecError(f"genesis: not JSON ({str(error)[:80]})") from error


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(members)
    if len(record) != len(members):
        raise CodecError("genesis: a key appears twice")
    return record


def _read_genesis(node: Node) -> Genesis:
    record = node.record(MEMBERS)
    governance = read_governance(record["governance"])
    listed = [price.integer() for price in record["prices"].row(len(governance.markets))]
    return Genesis(
        chain=record["chain"].integer(),
        venue=record["venue"].integer(),
        time=record["time"].integer(),
        governance=governance,
        prices=tuple(listed),
        fee_header=_read_header(record["fee_account"]),
        backstop_header=_read_header(record["backstop_account"]),
        receipt_signer=record["receipt_signer"].hexadecimal(OWNER_BYTES),
        possession=tuple(
            proof.hexadecimal(MEMBER_SIGNATURE_BYTES)
            for proof in record["possession"].items(MEMBERS_MAX)
        ),
    )


def _read_header(node: Node) -> Header:
    record = node.record(("owner", "key_x", "key_y", "viewing"))
    x = words_of(record["key_x"].hexadecimal(4 * SEPTIC_LENGTH))
    y = words_of(record["key_y"].hexadecimal(4 * SEPTIC_LENGTH))
    a, b, c, d, e, f, g, h = words_of(record["viewing"].hexadecimal(4 * DIGEST_LENGTH))
    return Header(
        owner=record["owner"].hexadecimal(OWNER_BYTES),
        key=point_of((*x, *y)),
        viewing=(a, b, c, d, e, f, g, h),
    )
