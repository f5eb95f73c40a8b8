"""Homes and outposts that are each wrong about several chains in one way, and signatures that take
no time: a lie about what is counted is the same lie whoever signed how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from rollup.harness import committee as harness
from rollup.harness.held_outpost import LocalOutpost
from rollup.harness.people import address
from rollup.l1 import attesting, elsewhere, outposts
from rollup.l1.development import LocalL1
from rollup.l1.elsewhere import OutpostBook
from rollup.l1.interface import Address, Reverted
from rollup.l1.outpost import MockOutpost
from rollup.l1.reasons import Revert
from rollup.l1.vault import Vault
from rollup.protocol.checkpoint import Checkpoint, InboxEntry, Link, OutboxEntry, head_after
from rollup.protocol.committee import AttestationFault, attested
from tests.helpers.chains import quick_sum, quickly

POSSESSED = b"possessed"


def make_quick(patch_: pytest.MonkeyPatch) -> None:
    """Let members of scenarios sign by a hash, and show possession by one."""
    key_of = harness.key_of_member
    patch_.setattr(harness, "_signed", lambda name, said: quickly(key_of(name), said))
    patch_.setattr(harness, "_possessed", lambda name: quickly(key_of(name), POSSESSED))
    patch_.setattr(harness, "aggregate", quick_sum)
    patch_.setattr("rollup.crypto.bls.is_signed_by_all", _is_signed)
    patch_.setattr("rollup.crypto.bls.is_possessed", _is_possessed)


def _is_signed(keys: Sequence[bytes], message: bytes, signature: bytes) -> bool:
    return signature == quick_sum([quickly(key, message) for key in keys])


def _is_possessed(key: bytes, proof: bytes) -> bool:
    return proof == quickly(key, POSSESSED)


def _does_not_mind(fault: AttestationFault) -> Callable[..., AttestationFault | None]:
    def judged(*word: Any) -> AttestationFault | None:
        found = attested(*word)
        return None if found is fault else found

    return judged


# Homes.


class _HearsLess(LocalL1):
    """Does not mind one thing that is wrong with a word of deposits."""

    fault: AttestationFault

    def take_in_from(self, *taken: Any) -> int:
        with patch.object(attesting, "attested", _does_not_mind(self.fault)):
            return super().take_in_from(*taken)


class HomeHearsTooFew(_HearsLess):
    fault = AttestationFault.THRESHOLD


class HomeHearsWhoIsNot(_HearsLess):
    fault = AttestationFault.SIGNERS


class HomeHearsAnySignature(_HearsLess):
    fault = AttestationFault.SIGNATURE


class _HearsOfAnother(LocalL1):
    """A word of another link is as good."""

    changes: Mapping[str, Any]

    def take_in_from(self, *taken: Any) -> int:
        try:
            return super().take_in_from(*taken)
        except Reverted as error:
            if error.reason is not Revert.ATTESTATION:
                raise
            with patch.object(outposts, "Link", self._other):
                return super().take_in_from(*taken)

    def _other(self, *link: Any) -> Link:
        true = Link(*link)
        wanted = {k: v(getattr(true, k)) if callable(v) else v for k, v in self.changes.items()}
        return replace(true, **wanted)


class HomeHearsOfAnotherHome(_HearsOfAnother):
    changes = {"home": lambda number: number + 1}  # noqa: RUF012


class HomeHearsOfAnotherVenue(_HearsOfAnother):
    changes = {"venue": lambda number: number + 1}  # noqa: RUF012


class HomeHearsOfAnotherChain(_HearsOfAnother):
    changes = {"chain": lambda number: number + 1}  # noqa: RUF012


class HomeHearsOfAnotherAddress(_HearsOfAnother):
    changes = {"address": address("eve")}  # noqa: RUF012


class TakesAnEntryTwice(LocalL1):
    """Keeps no count of what it took: whoever brings an inbox again is credited again."""

    def take_in_from(
        self, sender: Address, chain: int, entries: Sequence[InboxEntry], word: Any
    ) -> int:
        book = self._state.elsewhere.books.get(chain)
        if book is not None and entries and entries[0].index == 0:
            genesis = self.deployment.genesis
            link = Link(genesis.chain, genesis.venue, chain, book.outpost.address)
            book.taken, book.inbox_head = 0, link.inbox_start
        return super().take_in_from(sender, chain, entries, word)


class _Books(LocalL1):
    """Books of outposts that are kept otherwise."""

    changes: Mapping[str, Any]

    def take_in_from(self, *taken: Any) -> int:
        with patch.multiple(OutpostBook, **self.changes):
            return super().take_in_from(*taken)

    def send(self, *sent: Any) -> OutboxEntry:
        with patch.multiple(OutpostBook, **self.changes):
            return super().send(*sent)


def _follows_anyhow(book: OutpostBook, entries: Sequence[InboxEntry]) -> bytes:
    placed = [replace(each, index=book.taken + n) for n, each in enumerate(entries)]
    found = head_after(book.inbox_head, book.taken, placed)
    assert found is not None
    return found


class SkipsAnEntry(_Books):
    """Minds no index."""

    changes = {"require_follow": _follows_anyhow}  # noqa: RUF012


class IgnoresCaps(_Books):
    changes = {"require_caps": lambda book, entries: None}  # noqa: RUF012


def _take_uncounted(book: OutpostBook, entry: InboxEntry) -> None:
    book.taken += 1
    book.inbox_head = elsewhere.extended(book.inbox_head, entry)


class CountsNothingElsewhere(_Books):
    changes = {"take": _take_uncounted}  # noqa: RUF012


class SendsWhatIsNotThere(LocalL1):
    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        book = self._state.elsewhere.books.get(chain)
        if book is not None:
            book.elsewhere[asset] = book.elsewhere.get(asset, 0) + amount
        return super().send(sender, chain, asset, amount)


class SendsWhatIsOthers(LocalL1):
    """Does not ask whose the balance is."""

    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        vault = self._state.vault_of(asset)
        lacking = max(0, amount - vault.pending.get(sender, 0))
        vault.pending[sender] += lacking
        return super().send(sender, chain, asset, amount)


class KeepsPendingWhatItSent(LocalL1):
    """Lets out and owes it still."""

    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        entry = super().send(sender, chain, asset, amount)
        self._state.vault_of(asset).pending[sender] += amount
        return entry


class PaysBeyondWhatIsHome(LocalL1):
    """Pays what is queued by others, or what it does not have."""

    def withdraw(self, sender: Address, asset: int = 0) -> int:
        with patch.object(Vault, "require_here", lambda *_: None):
            return super().withdraw(sender, asset)


class KeepsBackForOutposts(LocalL1):
    """Holds its own money back for entries whose money is at outposts."""

    def withdraw(self, sender: Address, asset: int = 0) -> int:
        came, self._state.elsewhere.came = self._state.elsewhere.came, set()
        try:
            return super().withdraw(sender, asset)
        finally:
            self._state.elsewhere.came = came


class StopsAtWhatItCannotCredit(LocalL1):
    """One deposit for nobody stops all behind it."""

    def _take_in(self, book: OutpostBook, entry: InboxEntry) -> None:
        queue = self._state.queue
        queue.credit(entry.owner, entry.account, entry.amount, entry.asset)
        super()._take_in(book, entry)


class LosesWhatItCannotCredit(LocalL1):
    def _take_in(self, book: OutpostBook, entry: InboxEntry) -> None:
        with patch.object(Vault, "owe", lambda *_: None):
            super()._take_in(book, entry)


class PaysElsewhereMoneyAtHome(LocalL1):
    """Gives back at home what came to an outpost."""

    def reclaim(self, sender: Address, index: int) -> int:
        self._state.elsewhere.came.discard(index)
        return super().reclaim(sender, index)


class HearsAtOnce(LocalL1):
    """No delay between an announcement and the first deposit."""

    def announce_outpost(self, sender: Address, outpost: Any) -> int:
        said = super().announce_outpost(sender, outpost)
        self._state.elsewhere.books[outpost.chain].valid_from = 0
        return said


class AnybodyAnnouncesAnOutpost(LocalL1):
    def announce_outpost(self, sender: Address, outpost: Any) -> int:
        return super().announce_outpost(self.deployment.governor, outpost)


class ReplacesAnOutpost(LocalL1):
    def announce_outpost(self, sender: Address, outpost: Any) -> int:
        if sender == self.deployment.governor:
            self._state.elsewhere.books.pop(outpost.chain, None)
        return super().announce_outpost(sender, outpost)


class TakesInAfterTheEnd(LocalL1):
    def take_in_from(self, *taken: Any) -> int:
        with patch.object(LocalL1, "_require_live", lambda _: None):
            return super().take_in_from(*taken)


# Outposts.


class _OutpostHearsLess(LocalOutpost):
    """Does not mind one thing that is wrong with a word."""

    fault: AttestationFault

    def hear(self, *heard: Any) -> None:
        with patch.object(attesting, "attested", _does_not_mind(self.fault)):
            super().hear(*heard)


class HearsTooFew(_OutpostHearsLess):
    """Ignores the threshold."""

    fault = AttestationFault.THRESHOLD


class HearsWhoIsNot(_OutpostHearsLess):
    fault = AttestationFault.SIGNERS


class HearsAnySignature(_OutpostHearsLess):
    fault = AttestationFault.SIGNATURE


class HearsNoTag(LocalOutpost):
    """A word for one root is a word for another: it forgets a part of what was signed."""

    def hear(self, sender: Address, said: Checkpoint, *rest: Any) -> None:
        try:
            super().hear(sender, said, *rest)
        except Reverted as error:
            if error.reason is not Revert.ATTESTATION:
                raise
            with patch.object(Checkpoint, "encode", replace(said, taken=said.taken + 1).encode):
                super().hear(sender, said, *rest)


class HearsWhatIsSaidToAnother(LocalOutpost):
    def hear(self, sender: Address, said: Checkpoint, *rest: Any) -> None:
        with patch.object(type(self), "link", said.link):
            super().hear(sender, said, *rest)


class HearsWhatIsStale(LocalOutpost):
    def _require_later(self, checkpoint: Checkpoint) -> None:
        pass


class _MindsLess(LocalOutpost):
    """Asks of a checkpoint that it is later, but for one thing."""

    def _as_heard(self, checkpoint: Checkpoint) -> Checkpoint:
        raise NotImplementedError

    def _require_later(self, checkpoint: Checkpoint) -> None:
        super()._require_later(self._as_heard(checkpoint))


class TakesTwoRootsOfOneNumber(_MindsLess):
    def _as_heard(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, root=self._state.root)


class GoesBackInNumber(_MindsLess):
    def _as_heard(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, number=max(checkpoint.number, self.standing[0] + 1))


class GoesBackInTaken(_MindsLess):
    def _as_heard(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, taken=max(checkpoint.taken, self.standing[2]))


class OpensAgain(_MindsLess):
    def _as_heard(self, checkpoint: Checkpoint) -> Checkpoint:
        return replace(checkpoint, closed=checkpoint.closed or bool(self.standing[3]))


class TakesMoreAfterTheEnd(_MindsLess):
    """What it gave back home may still take."""

    def _as_heard(self, checkpoint: Checkpoint) -> Checkpoint:
        closed = bool(self.standing[3])
        return replace(checkpoint, taken=self.standing[2]) if closed else checkpoint


class LetsOutTwice(LocalOutpost):
    """Keeps no count of what it let out."""

    def hear(self, sender: Address, said: Checkpoint, *rest: Any) -> None:
        super().hear(sender, said, *rest)
        number, _, taken, closed = self._state.standing
        self._state.standing = (number, 0, taken, closed)
        self._state.head = self.link.outbox_start


class LetsOutMoreThanIsHere(LocalOutpost):
    def _require_here(self, entries: Sequence[OutboxEntry]) -> None:
        for entry in entries:
            self._ledger(entry.asset)


class LetsOutEachByItself(LocalOutpost):
    """Asks of each entry alone whether it is here."""

    def _require_here(self, entries: Sequence[OutboxEntry]) -> None:
        for entry in entries:
            super()._require_here([entry])


class PaysWhomeverIsBrought(LocalOutpost):
    """Does not hold entries to the chain that is attested."""

    def _require_entries(self, checkpoint: Checkpoint, entries: Sequence[OutboxEntry]) -> None:
        sent = self._state.standing[1]
        if sent + len(entries) != checkpoint.sent or checkpoint.taken > len(self._state.inbox):
            raise Reverted(Revert.ENTRIES_DIFFER)


class TakesMoreThanThereWas(LocalOutpost):
    """Believes that home took what nobody deposited."""

    def _require_entries(self, checkpoint: Checkpoint, entries: Sequence[OutboxEntry]) -> None:
        taken = min(checkpoint.taken, len(self._state.inbox))
        super()._require_entries(replace(checkpoint, taken=taken), entries)


class PaysOutTwice(LocalOutpost):
    def withdraw(self, sender: Address, asset: int = 0) -> int:
        paid = super().withdraw(sender, asset)
        self._state.ledgers[asset].owe(sender, paid)
        return paid


class PaysAnotherOwner(LocalOutpost):
    """Whoever asks first is paid what was deposited."""

    def reclaim(self, sender: Address, index: int) -> int:
        inbox = self._state.inbox
        if 0 <= index < len(inbox):
            inbox[index] = replace(inbox[index], owner=sender)
        return super().reclaim(sender, index)


class GivesBackWhatWasTaken(LocalOutpost):
    def reclaim(self, sender: Address, index: int) -> int:
        heard = self._state.standing
        self._state.standing = (heard[0], heard[1], 0, heard[3])
        try:
            return super().reclaim(sender, index)
        finally:
            self._state.standing = heard


class GivesBackTwice(LocalOutpost):
    def reclaim(self, sender: Address, index: int) -> int:
        paid = super().reclaim(sender, index)
        self._state.reclaimed.clear()
        return paid


class GivesBackWhileHomeLives(LocalOutpost):
    def reclaim(self, sender: Address, index: int) -> int:
        heard = self._state.standing
        self._state.standing = (*heard[:3], 1)
        try:
            return super().reclaim(sender, index)
        finally:
            self._state.standing = heard


class IgnoresItsCap(LocalOutpost):
    def deposit(self, *deposited: Any) -> InboxEntry:
        caps, self._caps = self._caps, dict.fromkeys(self._caps, 2**62)
        try:
            return super().deposit(*deposited)
        finally:
            self._caps = caps


class TakesDust(LocalOutpost):
    def deposit(self, *deposited: Any) -> InboxEntry:
        leasts, self._leasts = self._leasts, dict.fromkeys(self._leasts, 1)
        try:
            return super().deposit(*deposited)
        finally:
            self._leasts = leasts


class TakesDepositsAfterTheEnd(LocalOutpost):
    def _require_open(self) -> None:
        pass


class CountsNoCommittees(LocalOutpost):
    """A word for a committee serves again."""

    def succeed(self, *named: Any) -> None:
        super().succeed(*named)
        self._state.serial = 0


class FollowsAnyCommittee(LocalOutpost):
    """Whoever names one is believed."""

    def succeed(self, *named: Any) -> None:
        with patch("rollup.l1.outpost.require_said", lambda *_: None):
            super().succeed(*named)


class AsksNoPossessionOfTheNext(LocalOutpost):
    def succeed(self, *named: Any) -> None:
        with patch("rollup.l1.outpost.require_possessed", lambda *_: None):
            super().succeed(*named)


class AsksNoPossessionOfTheFirst(LocalOutpost):
    def __init__(self, deployment: Any) -> None:
        with patch("rollup.l1.outpost.require_possessed", lambda *_: None):
            super().__init__(deployment)


class HearsNobody(LocalOutpost):
    """Is created with a committee without members."""

    def __init__(self, deployment: Any) -> None:
        with patch("rollup.l1.outpost.require_outpost", lambda _: None):
            MockOutpost.__init__(self, deployment)


def _all(kind: type, module: str = __name__) -> dict[str, Any]:
    """Every class here that is of a kind and says something."""
    return {
        name: each
        for name, each in globals().items()
        if isinstance(each, type)
        and issubclass(each, kind)
        and each.__module__ == module
        and not name.startswith("_")
    }


WRONG_HOMES: Mapping[str, Callable[..., LocalL1]] = _all(LocalL1)
WRONG_OUTPOSTS: Mapping[str, Callable[..., LocalOutpost]] = _all(LocalOutpost)
