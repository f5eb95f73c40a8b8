"""What `crypsis verify` says that it verified: a statement in full, for people and for JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from textwrap import fill

from circuits.commands.custody import Custody, custody_of, custody_text, estate_text, granted_text
from circuits.soundness.report import round_down
from circuits.stark.parameters import PARAMETER_SETS, Parameters
from rollup.ports import Pins
from rollup.protocol.chain import governance_changes
from rollup.protocol.deposit import EntryKind
from rollup.protocol.encoding import hex_digest
from rollup.protocol.funding import percent
from rollup.protocol.pricing import PriceKind, Pricing
from rollup.protocol.public import ConsumedDeposit, PublicInput

WIDTH = 80
LABEL_WIDTH = 12
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verified:
    """A public input whose proof is valid: by which pins, with how many proven bits; and how its
    prices came from the reports that it carries."""

    public: PublicInput
    pricing: Pricing
    pins: Pins
    bits: float
    proof_bytes: int
    milliseconds: int

    @property
    def parameters(self) -> Parameters:
        """The set that the proof is of."""
        return PARAMETER_SETS[self.pins.parameter_set]


def statement_record(verified: Verified) -> dict[str, object]:
    """One valid proof and all that it is about, for JSON. Totals are text: they can pass 2^53."""
    public = verified.public
    return {
        "valid": True,
        "chain": public.chain,
        "venue": public.venue,
        "batch": public.number,
        "time": public.time,
        "time_utc": utc(public.time),
        "old_root": hex_digest(public.old_root),
        "new_root": hex_digest(public.new_root),
        "public_digest": public.digest().hex(),
        "governance_digest": public.governance.digest().hex(),
        "receipts": public.receipts.hex(),
        "deposits_before": public.deposits_before,
        "deposits_credited": len(public.deposits) - len(public.refunds) - len(_exits(public)),
        "deposits_refused": len(public.refunds),
        "exits_paid": len(public.exits),
        "exits_refused": len(_exits(public)) - len(public.exits),
        "withdrawals": len(public.withdrawals),
        "withdrawn": str(public.withdrawn),
        "total": str(public.total),
        "custody": [each.to_record() for each in custody_of([public])],
        "debt_stop": public.book_after.debt_stop,
        "redo": public.redo,
        "closed": public.closed,
        "open_since": public.book_after.open_since,
        "book_before": public.book_before.digest().hex(),
        "book_after": public.book_after.digest().hex(),
        "prices": [each.to_record() for each in quotes(verified)],
        "ended": ended_of(public),
        "funding_rates": public.funding_rates,
        "oracle": _oracle_record(public),
        **_verifier_record(verified),
        "proof_bytes": verified.proof_bytes,
        "milliseconds": verified.milliseconds,
    }


NOT_FRESH = (PriceKind.CLAMPED, PriceKind.MISSING)
"""How a live market comes by a price that is not its own of now."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A market's price in ticks, how it came by it, and its funding in ticks."""

    symbol: str
    price: int
    funding: int
    decimals: int
    kind: PriceKind

    def to_record(self) -> dict[str, object]:
        """For JSON."""
        kind = self.kind.value
        return {"market": self.symbol, "price": self.price, "funding": self.funding, "kind": kind}

    def __str__(self) -> str:
        whole, rest = divmod(self.price, 10**self.decimals)
        decimals = f".{rest:0{self.decimals}d}" if self.decimals else ""
        note = "" if self.kind is PriceKind.FRESH else f" ({self.kind.value})"
        return f"{self.symbol} {whole:,}{decimals}{note}"


def quotes(verified: Verified) -> list[Quote]:
    """The prices of the markets that governance lists."""
    public = verified.public
    listed, book = public.governance.markets, public.book_after.markets
    rows = zip(listed, book, verified.pricing.kinds, strict=False)
    return [
        Quote(market.symbol, entry.price, entry.funding, market.price_decimals, kind)
        for market, entry, kind in rows
    ]


def ended_of(public: PublicInput) -> list[str]:
    """Symbols of the markets that are over after a batch."""
    listed = public.governance.markets
    return [listed[market].symbol for market in sorted(public.book_after.ended)]


def _ended(public: PublicInput) -> str:
    """What it means that a market has ended."""
    names = ", ".join(ended_of(public))
    return f"{names}: price and funding stand for good; what is held of it becomes cash"


def _funding(public: PublicInput) -> str:
    rates = (f"{symbol} {percent(rate)}" for symbol, rate in public.funding_rates.items())
    return f"longs pay shorts for the hour: {', '.join(rates)}"


def _oracle_record(public: PublicInput) -> dict[str, object]:
    """Whose word the prices are."""
    oracle = public.governance.oracle
    return {
        "slot": oracle.slot(public.time),
        "reports": len(public.reports),
        "quorum": oracle.quorum,
        "signers": [signer.hex() for signer in oracle.signers],
    }


def _verifier_record(verified: Verified) -> dict[str, object]:
    """By what it was verified: from the package, the same for all batches."""
    pins, parameters = verified.pins, verified.parameters
    return {
        "pins_digest": pins.digest().hex(),
        "circuit_digest": pins.circuit.hex(),
        "fixed_root": pins.fixed_root.hex(),
        "parameter_set": pins.parameter_set,
        "shape_class": pins.shape_class,
        "queries": parameters.queries,
        "blowup": parameters.blowup,
        "grinding_query": parameters.grinding_query,
        "grinding_batch": parameters.grinding_batch,
        "grinding_fold": parameters.grinding_fold,
        "bits": round_down(verified.bits),
    }


def chain_record(chain: Sequence[Verified]) -> dict[str, object]:
    """Several valid proofs of batches that join, for JSON."""
    publics = [each.public for each in chain]
    first, last = publics[0], publics[-1]
    return {
        "valid": True,
        "joined": True,
        "chain": first.chain,
        "venue": first.venue,
        "first": first.number,
        "last": last.number,
        "old_root": hex_digest(first.old_root),
        "new_root": hex_digest(last.new_root),
        "book_after": last.book_after.digest().hex(),
        "receipts": last.receipts.hex(),
        "total": str(last.total),
        "custody": [each.to_record() for each in custody_of(publics)],
        "governance_changes": [
            {"batch": change.number, "governance_digest": change.digest.hex()}
            for change in governance_changes(publics)
        ],
        "redo": [public.number for public in publics if public.redo],
        "open": [public.number for public in publics if not public.closed],
        "not_fresh": [
            each.public.number
            for each in chain
            if any(kind in NOT_FRESH for kind in each.pricing.kinds)
        ],
        **_verifier_record(chain[0]),
        "shape_classes": _counted_classes(publics),
        "pins_by_class": _pins_by_class(chain),
        "proof_bytes": sum(each.proof_bytes for each in chain),
        "milliseconds": sum(each.milliseconds for each in chain),
        "batches": [statement_record(each) for each in chain],
    }


def _counted_classes(publics: Sequence[PublicInput]) -> dict[str, int]:
    """How many batches are of each shape class."""
    return dict(sorted(Counter(public.shape_class for public in publics).items()))


def _pins_by_class(chain: Sequence[Verified]) -> dict[str, str]:
    found = {each.pins.shape_class: each.pins.digest().hex() for each in chain}
    return dict(sorted(found.items()))


def statement_text(verified: Verified) -> str:
    """The same as `statement_record`, in lines of at most 80 columns."""
    public = verified.public
    held = custody_of([public])
    lines = [
        f"valid: batch {public.number} of venue {public.venue} on chain {public.chain}",
        _line("time", utc(public.time)),
        _line("old root", hex_digest(public.old_root)),
        _line("new root", hex_digest(public.new_root)),
        _line("book", public.book_after.digest().hex()),
        _line("public", public.digest().hex()),
        _line("governance", public.governance.digest().hex()),
        _line("receipts", public.receipts.hex()),
        *_verifier_lines(verified),
        _line("class", public.shape_class),
        _line("deposits", _deposits([public])),
        _wrapped("withdrawn", granted_text(held)),
        _wrapped("custody", custody_text(held)),
        *_estate_lines(held),
        *(
            [_line("debt stop", "no new debt against assets")]
            if public.book_after.debt_stop
            else []
        ),
        _wrapped("prices", ", ".join(map(str, quotes(verified)))),
        *([_wrapped("funding", _funding(public))] if public.funding_rates else []),
        *([_wrapped("ended", _ended(public))] if ended_of(public) else []),
        _wrapped("signed", _signed(public)),
        _line("redo", "yes: made anew, without fills" if public.redo else "no"),
        _wrapped("step", _step(public)),
        _line("proof", f"{verified.proof_bytes / 1024:.0f} KiB in {verified.milliseconds} ms"),
    ]
    return "\n".join(lines)


def chain_text(chain: Sequence[Verified]) -> str:
    """The same as `chain_record`, in lines of at most 80 columns, the batches as a whole."""
    publics = [each.public for each in chain]
    first, last = publics[0], publics[-1]
    held = custody_of(publics)
    redo = ", ".join(str(public.number) for public in publics if public.redo)
    size, spent = sum(each.proof_bytes for each in chain), sum(e.milliseconds for e in chain)
    lines = [
        f"valid: {len(chain)} batches of venue {first.venue} on chain {first.chain}",
        _line("batches", f"{first.number} to {last.number}, each from where the last one ended"),
        _line("time", f"{utc(first.time)} to"),
        _line("", utc(last.time)),
        _line("old root", hex_digest(first.old_root)),
        _line("new root", hex_digest(last.new_root)),
        _line("book", last.book_after.digest().hex()),
        _line("governance", first.governance.digest().hex()),
        *(
            line
            for change in governance_changes(publics)
            for line in (
                _line("", f"from batch {change.number} on another:"),
                _line("", change.digest.hex()),
            )
        ),
        _line("receipts", last.receipts.hex()),
        *(line for each in _of_each_class(chain) for line in _verifier_lines(each)),
        _wrapped("classes", _classes(publics)),
        _line("deposits", _deposits(publics)),
        _wrapped("withdrawn", granted_text(held)),
        _wrapped("custody", custody_text(held)),
        *_estate_lines(held),
        _wrapped("redo", redo or "none"),
        _wrapped("steps", _steps(publics)),
        _wrapped("prices", _freshness(chain)),
        *([_wrapped("ended", _ended(last))] if ended_of(last) else []),
        _line("proofs", f"{size / 1024:,.0f} KiB in {spent} ms"),
    ]
    return "\n".join(lines)


def _estate_lines(held: Sequence[Custody]) -> list[str]:
    """What the estate took, where it took anything."""
    text = estate_text(held)
    return [_wrapped("estate", text)] if text else []


def utc(milliseconds: int) -> str:
    """A time of the protocol for people; as a number where the calendar of Python ends."""
    try:
        moment = EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds} ms after 1970"
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds % 1000:03d} UTC"


def _verifier_lines(verified: Verified) -> list[str]:
    pins, of = verified.pins, verified.parameters
    return [
        _line("pins", pins.digest().hex()),
        _line(
            "parameters",
            f"{pins.parameter_set}/{pins.shape_class}: {of.queries} queries at rate 1/{of.blowup}, "
            f"grinding {of.grinding_query}/{of.grinding_batch}/{of.grinding_fold} bits",
        ),
        _line("security", f"{round_down(verified.bits)} proven bits"),
    ]


def _of_each_class(chain: Sequence[Verified]) -> list[Verified]:
    """The first batch of each shape class."""
    found: dict[str, Verified] = {}
    for each in chain:
        found.setdefault(each.public.shape_class, each)
    return [found[name] for name in sorted(found)]


def _classes(publics: Sequence[PublicInput]) -> str:
    counted = _counted_classes(publics)
    return ", ".join(f"{name}: {count} of {len(publics)}" for name, count in counted.items())


def _step(public: PublicInput) -> str:
    """What a closed or an open step says of the accounts that nobody sees."""
    if public.closed:
        return "closed: every account of the book is above maintenance at these prices"
    since = public.book_after.open_since
    moved = "much" if public.progress else "little"
    stalled = public.book_after.stalled
    still = f", {stalled} batches in a row stand still" if stalled else ""
    return (
        f"open since {utc(since)}: not every account that came due is dealt with yet; {moved} was "
        f"done for it{still}"
    )


def _steps(publics: Sequence[PublicInput]) -> str:
    """Which batches leave their step open, and what the last one says."""
    still_open = ", ".join(str(public.number) for public in publics if not public.closed)
    which = f"left open by {still_open}" if still_open else "closed by every batch"
    return f"{which}; {_step(publics[-1])}"


def _deposits(publics: Sequence[PublicInput]) -> str:
    count = sum(len(public.deposits) for public in publics)
    refused = sum(len(public.refunds) for public in publics)
    exits = sum(len(_exits(public)) for public in publics)
    paid = sum(len(public.exits) for public in publics)
    before = publics[0].deposits_before
    credited = count - refused - exits
    told = f"{count} from queue entry {before} on: {credited} credited, {refused} refused"
    return f"{told}; {paid} exits paid, {exits - paid} refused" if exits else told


def _exits(public: PublicInput) -> list[ConsumedDeposit]:
    """The queue entries that ask for money."""
    return [each for each in public.deposits if each.entry.kind is EntryKind.EXIT]


def _signed(public: PublicInput) -> str:
    oracle = public.governance.oracle
    quorum = f"quorum {oracle.quorum} of {len(oracle.signers)}"
    return f"{len(public.reports)} reports of {utc(oracle.slot(public.time))}, {quorum}"


def _freshness(chain: Sequence[Verified]) -> str:
    """Which batches have a price that no quorum gave, or that may not move as far as it says."""
    found = {
        kind: [str(each.public.number) for each in chain if kind in each.pricing.kinds]
        for kind in NOT_FRESH
    }
    said = [f"{kind.value} in {', '.join(numbers)}" for kind, numbers in found.items() if numbers]
    return "signed; " + ("; ".join(said) or "all fresh")


def _wrapped(label: str, text: str) -> str:
    return fill(text, WIDTH, initial_indent=_line(label, ""), subsequent_indent=_line("", ""))


def _line(label: str, text: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{text}"
