"""Keys of a run, and how its traders sign and seal what they want.

Keys come from the operating system's generator. Only a run that asks for it by name,
`insecure_seed`, derives them, so that roots and journal can be reproduced; such keys are public.
"""

import secrets as entropy_source
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rollup.crypto import curve
from rollup.crypto.address_key import KEY_BYTES as RECEIPT_KEY_BYTES
from rollup.crypto.address_key import ORDER
from rollup.crypto.batched import generate_secrets, secret_keys, sign_many
from rollup.crypto.bls import ORDER as BLS_ORDER
from rollup.crypto.bls import SECRET_BYTES
from rollup.crypto.envelope import (
    Action,
    Destination,
    PaddingAction,
    SealingKey,
    ViewingKeyAction,
)
from rollup.crypto.fresh import address_key_material, bls_material
from rollup.crypto.salt import KEY_BYTES
from rollup.crypto.schnorr import ENTROPY_BYTES, SecretKey
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256
from rollup.hash.many import CompressMany, compress_many
from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.account import Header
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.bundle import BundlePath
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from rollup.protocol.order import Order, SignedOrder
from rollup.protocol.outflow import Outflow, SignedOutflow, outflow_digests
from sequencer.client.bundling import Signable, digests_of, messages_to_sign
from sequencer.client.travelling import cancel_action, order_action, outflow_action
from sequencer.demo.market.trader import Intent

OWN_LABELS: Final = {FEE_ACCOUNT: "fee-account", BACKSTOP_ACCOUNT: "backstop-account"}
"""What the keys of the venue's own accounts are derived for."""


class KeySource:
    """Where keys come from: the CSPRNG, or for reproducible runs a seed that everybody knows."""

    def __init__(self, insecure_seed: int | None = None) -> None:
        self._seed = insecure_seed
        self._drawn: dict[str, bytes] = {}

    @property
    def is_insecure(self) -> bool:
        """Whether everybody who knows the seed knows the keys."""
        return self._seed is not None

    def _derive(self, label: str, size: int) -> bytes:
        """Bytes of a label: the same whenever asked for; fresh in every run without a seed."""
        if self._seed is None:
            return self._drawn.setdefault(label, entropy_source.token_bytes(size))
        parts = range(-(-size // 32))
        text = f"crypsis/insecure/{self._seed}/{label}/"
        return b"".join(keccak256(f"{text}{part}".encode()) for part in parts)[:size]

    def salt_material(self) -> bytes:
        """The operator's salt key, as bytes to keep in a private file."""
        return self._derive("salt", KEY_BYTES)

    def receipt_material(self) -> bytes:
        """The key that signs receipts, as bytes to keep in a private file."""
        return self._address_material("receipts")

    def oracle_materials(self, count: int) -> list[bytes]:
        """Keys of development signers, as bytes to keep in private files."""
        return [self._address_material(f"oracle-{place}") for place in range(count)]

    def member_materials(self, count: int) -> list[bytes]:
        """Secrets of development members of a committee."""
        if self._seed is None:
            return [bls_material() for _ in range(count)]
        wide = (int.from_bytes(self._derive(f"member-{k}", 64), "big") for k in range(count))
        return [(1 + number % (BLS_ORDER - 1)).to_bytes(SECRET_BYTES, "big") for number in wide]

    def _address_material(self, label: str) -> bytes:
        if self._seed is None:
            return self._drawn.setdefault(label, address_key_material())
        wide = int.from_bytes(self._derive(label, 64), "big")
        return (1 + wide % (ORDER - 1)).to_bytes(RECEIPT_KEY_BYTES, "big")

    def secrets(self, count: int) -> list[SecretKey]:
        """Trading keys."""
        if self._seed is None:
            return generate_secrets(count)
        wide = (int.from_bytes(self._derive(f"trader-{i}", 64), "big") for i in range(count))
        return secret_keys([1 + scalar % (curve.ORDER - 1) for scalar in wide])

    def address(self, label: str) -> bytes:
        """An L1 address."""
        return self._derive(f"address-{label}", OWNER_BYTES)

    def viewing_key(self, label: str) -> Digest:
        """A viewing key: eight field elements."""
        data = self._derive(f"viewing-{label}", 64)
        a, b, c, d, e, f, g, h = (
            int.from_bytes(data[place : place + 8], "big") % P for place in range(0, 64, 8)
        )
        return (a, b, c, d, e, f, g, h)

    def viewing(self, label: str) -> Digest:
        """The commitment to a viewing key, as L1 registers it."""
        return viewing_commitment(self.viewing_key(label), compress_many)

    def own_headers(self) -> tuple[Header, Header]:
        """Headers of the venue's own accounts, fees and backstop. Nobody keeps their trading
        keys."""
        fees, backstop = map(self._header, OWN_LABELS.values())
        return fees, backstop

    def own_viewing_keys(self) -> dict[int, Digest]:
        """The viewing keys of these, by account, for the operator to keep."""
        return {account: self.viewing_key(label) for account, label in OWN_LABELS.items()}

    def _header(self, label: str) -> Header:
        (secret,) = self._labelled(label)
        return Header(self.address(label), secret.public, self.viewing(label))

    def _labelled(self, label: str) -> list[SecretKey]:
        if self._seed is None:
            return generate_secrets(1)
        wide = int.from_bytes(self._derive(f"key-{label}", 64), "big")
        return secret_keys([1 + wide % (curve.ORDER - 1)])

    def signing_entropy(self, count: int) -> list[bytes] | None:
        """What to mix into nonces: fresh bytes unless the run is to be reproduced."""
        return None if self._seed is None else [bytes(ENTROPY_BYTES)] * count


def seal_intents(
    intents: Sequence[Intent],
    secrets: dict[int, SecretKey],
    sealing: SealingKey,
    destination: Destination,
    keys: KeySource,
    compress_many: CompressMany,
    good_until: int,
) -> list[bytes]:
    """Sign what each account wants with its key, up to 64 orders and cancels together, and seal
    each intent in its own envelope, in order. A viewing key is told unsigned."""
    actions: dict[int, Action] = {
        place: intent
        for place, intent in enumerate(intents)
        if isinstance(intent, ViewingKeyAction)
    }
    tasks = [*_bundles(intents, compress_many), *_outflows(intents, compress_many)]
    signers = [secrets[task.account] for task in tasks]
    entropy = keys.signing_entropy(len(tasks))
    signatures = sign_many(signers, [task.message for task in tasks], entropy)
    for task, signature in zip(tasks, signatures, strict=True):
        for place, path in task.places.items():
            actions[place] = _action(intents[place], signature.to_bytes(), path)
    return [sealing.seal(actions[place], destination, good_until) for place in range(len(intents))]


@dataclass(frozen=True, slots=True, repr=False)
class _ToSign(Private):
    """What an account signs, and the intents that this is for, each by its place, with its path."""

    account: int
    message: Digest
    places: dict[int, BundlePath | None]


def _bundles(intents: Sequence[Intent], compress_many: CompressMany) -> Iterator[_ToSign]:
    """All that each account orders and cancels."""
    wanted = {k: each for k, each in enumerate(intents) if isinstance(each, Signable)}
    digests = dict(zip(wanted, digests_of([*wanted.values()], compress_many), strict=True))
    by_account: dict[int, list[int]] = {}
    for place, intent in wanted.items():
        by_account.setdefault(intent.account, []).append(place)
    for account, places in by_account.items():
        left = iter(places)
        for part in messages_to_sign([digests[place] for place in places], compress_many):
            yield _ToSign(account, part.message, {next(left): path for path in part.paths})


def _outflows(intents: Sequence[Intent], compress_many: CompressMany) -> Iterator[_ToSign]:
    wanted = {k: each for k, each in enumerate(intents) if isinstance(each, Outflow)}
    digests = outflow_digests([*wanted.values()], compress_many)
    for (place, outflow), digest in zip(wanted.items(), digests, strict=True):
        yield _ToSign(outflow.account, digest, {place: None})


def _action(intent: Intent, signature: bytes, path: BundlePath | None) -> Action:
    match intent:
        case Order():
            return order_action(SignedOrder(intent, signature, path))
        case CancelOrder():
            return cancel_action(SignedCancel(intent, signature, path))
        case Outflow():
            return outflow_action(SignedOutflow(intent, signature))
        case ViewingKeyAction():
            return intent


def padding(sealing: SealingKey, destination: Destination, good_until: int) -> bytes:
    """An envelope with nothing in it."""
    return sealing.seal(PaddingAction(), destination, good_until)
