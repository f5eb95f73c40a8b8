"""The bond in scenarios: receipts as the operator signs them, honest or not, who posts and leaves,
and who brings which of them to L1."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rollup.crypto.signature_form import ORDER
from rollup.harness.books import Choice
from rollup.harness.difference import Difference
from rollup.harness.people import RECEIPT_KEY, START, address, receipt_key_of
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.hash.keccak import keccak256
from rollup.l1 import interface as l1
from rollup.protocol.constants import AMOUNT_BITS, OWNER_BYTES
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt

Act = Callable[[], Sequence[l1.Event]]


def _twin(signature: bytes) -> bytes:
    """The other signature that anybody makes of one: n - s, and the other parity."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes((55 - signature[64],))


_SIGNATURES: Final[Mapping[str, Callable[[Receipt, bytes], bytes]]] = {
    "as it is": lambda receipt, good: good,
    "key": lambda receipt, good: receipt_key_of("mallory").sign(receipt.digest()),
    "twin": lambda receipt, good: _twin(good),
    "parity": lambda receipt, good: good[:64] + bytes((55 - good[64],)),
    "byte": lambda receipt, good: good[:64] + bytes((good[64] - 27,)),
    "zero": lambda receipt, good: bytes(64) + good[64:],
    "large": lambda receipt, good: ORDER.to_bytes(32, "big") + good[32:],
    "other": lambda receipt, good: RECEIPT_KEY.sign(keccak256(receipt.digest())),
}
"""How a receipt is signed that is not the venue's word."""


def _sign(stage: Stage, step: Step) -> Act:
    """A receipt and a signature, or so many in a chain, of which the name is the last one's.
    Nothing is called: the operator hands it to somebody."""
    after, count = step.get("after"), step.get("count", 1)
    for place in range(1, count + 1):
        name = step["sign"] if place == count else f"{step['sign']} {place}"
        stage.signed[name] = _signed(stage, step, after)
        after = name
    return lambda: ()


def _signed(stage: Stage, step: Step, after: str | None) -> SignedReceipt:
    genesis = stage.books.genesis
    before = None if after is None else stage.signed[after].receipt
    last = RECEIPTS_START if before is None else before.digest()
    receipt = Receipt(
        chain=step.get("chain", genesis.chain),
        venue=step.get("venue", genesis.venue),
        sequence=step.get("sequence", 1 if before is None else before.sequence + 1),
        envelope=keccak256(step["envelope"].encode()),
        previous=keccak256(step["previous"].encode()) if "previous" in step else last,
        time=START + step["at"],
        batch=step["batch"],
    )
    signature = RECEIPT_KEY.sign(receipt.digest())
    return SignedReceipt(receipt, _SIGNATURES[step.get("bend", "as it is")](receipt, signature))


def _bond(stage: Stage, step: Step) -> Act:
    sender, amount = address(step["bond"]), step["amount"]
    is_money = 1 <= amount < 1 << AMOUNT_BITS and len(sender) == OWNER_BYTES
    if is_money and not step.get("unfunded"):
        stage.l1.mint(sender, amount)

    def act() -> Sequence[l1.Event]:
        stage.l1.post_bond(sender, amount)
        return ()

    return act


def _leave(stage: Stage, step: Step) -> Act:
    sender, amount = address(step["leave"]), step["amount"]

    def act() -> Sequence[l1.Event]:
        due = stage.l1.leave_bond(sender, amount) - START
        if due != step.get("due", due):
            raise Difference(f"it can be withdrawn from {due} on, wanted {step['due']}")
        return ()

    return act


def _unbond(stage: Stage, step: Step) -> Act:
    sender = address(step["unbond"])

    def act() -> Sequence[l1.Event]:
        paid = stage.l1.withdraw_bond(sender)
        if paid != step.get("pays", paid):
            raise Difference(f"it paid {paid}, wanted {step['pays']}")
        return ()

    return act


def _challenge(stage: Stage, step: Step) -> Act:
    """Two receipts; or one beside a batch's header; or one beside that and a list."""
    sender, l1_, wanted = address(step["challenge"]), stage.l1, step.get("finds")
    first, *others = [stage.signed[name] for name in step["receipts"]]
    held = stage.batch(step["of"]).header if "of" in step else None
    if held is not None and step.get("bend"):
        held = replace(held, number=held.number + step["bend"])
    was_frozen = l1_.is_frozen

    def act() -> Sequence[l1.Event]:
        if held is None:
            found = l1_.challenge_pair(sender, first, *others)
        elif "list" in step:
            found = l1_.challenge_place(sender, first, held, _listed(stage, step["list"]))
        else:
            found = l1_.challenge_window(sender, first, held)
        if wanted is not None and found is not Misconduct(wanted):
            raise Difference(f"it found {found.value}, wanted {wanted}")
        return () if was_frozen else (l1.Frozen(sender, l1_.proved_number, l1_.now()),)

    return act


def _listed(stage: Stage, said: Sequence[str] | str) -> Sequence[Receipt]:
    """Receipts by name; of one name alone, all that lead to it."""
    if not isinstance(said, str):
        return [stage.signed[name].receipt for name in said]
    known = {each.receipt.digest(): each.receipt for each in stage.signed.values()}
    found = [stage.signed[said].receipt]
    while found[0].previous in known:
        found.insert(0, known[found[0].previous])
    return found


def with_receipts(stage: Stage, step: Step, choice: Choice) -> Choice:
    """The choice with the head that a step says: a receipt by its name, or the chain's start."""
    if "receipts" not in step:
        return choice
    name = step["receipts"]
    head = stage.signed[name].receipt.digest() if name else RECEIPTS_START
    return replace(choice, receipts=head)


BOND_VERBS: Mapping[str, Callable[[Stage, Step], Act]] = {
    "sign": _sign,
    "bond": _bond,
    "leave": _leave,
    "unbond": _unbond,
    "challenge": _challenge,
}


def says_bond(stage: Stage, _: object) -> Mapping[str, object]:
    """What is held of the bond, how much of it leaves and from when on after the start, what is
    burned, what was shown and by whom, and how often anything happened to it."""
    bond, shown = stage.l1.bond, stage.l1.bond.conviction
    known = {address(name): name for name in ("carol", "dave", "operator")}
    return {
        "held": bond.held,
        "leaving": bond.leaving,
        "due": bond.due - START if bond.due else 0,
        "burned": bond.burned,
        "shown": [shown.misconduct.value, known[shown.challenger]] if shown else [],
        "events": len(bond.events),
    }
