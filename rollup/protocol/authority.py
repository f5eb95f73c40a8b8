"""By whose word a batch acts: what is signed in it, for which venue, until when, by which key.

Spec: docs/spec/04-orders.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rollup.crypto.curve import Point
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.batch import Batch
from rollup.protocol.batch_bounds import require_count
from rollup.protocol.bundle import (
    BUNDLE_TREE,
    DEPTH_MAX,
    Bundled,
    BundlePath,
    bundle_digests,
    bundle_of,
    roots_of,
)
from rollup.protocol.cancel import CancelOrder, cancel_digests
from rollup.protocol.ledger import Ledger
from rollup.protocol.liquidation import require_payer
from rollup.protocol.order import Order, message_digests
from rollup.protocol.outflow import Outflow, outflow_digests
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.slot_steps import Authority, SignatureStep
from rollup.protocol.trade import require_in_time
from rollup.protocol.units import VerifyMany
from rollup.tree.multi import TouchedNode, sibling_addresses, update

_What = Order | Outflow | CancelOrder


class _Action(NamedTuple):
    """Something that is signed, and how."""

    name: str
    what: _What
    signature: bytes
    path: BundlePath | None


@dataclass(slots=True)
class _Signature:
    """One signature, and the actions that it is for, by their places in the list of all."""

    first: _Action
    root: Digest
    actions: list[int] = field(default_factory=list)

    @property
    def is_bundle(self) -> bool:
        return self.first.path is not None


def authorise(
    batch: Batch, ledger: Ledger, compress_many: CompressMany, verify_many: VerifyMany
) -> Authority:
    """Every order is for this venue, in time, and signed by its account's key; so is every outflow
    and every cancel, but for the time of these. A bundle has one signature for all its actions."""
    actions = _actions(batch)
    keys = [_key_of(batch, ledger, action) for action in actions]
    digests = [
        *message_digests([signed.order for signed in batch.orders], compress_many),
        *outflow_digests([signed.outflow for signed in batch.outflows], compress_many),
        *cancel_digests([signed.cancel for signed in batch.cancels], compress_many),
    ]
    signatures = _signatures(actions, digests, compress_many)
    require_count("signatures", len(signatures), batch.shape_class.orders)
    steps = _steps(signatures, actions, keys, compress_many)
    _require_valid(steps, signatures, verify_many)
    signed_by = {place: k for k, each in enumerate(signatures) for place in each.actions}
    return Authority(
        digests=tuple(digests),
        signed_by=tuple(signed_by[place] for place in range(len(actions))),
        signatures=tuple(steps),
        nodes=_nodes(signatures, actions, digests, compress_many),
    )


def _actions(batch: Batch) -> list[_Action]:
    orders, outflows, cancels = batch.orders, batch.outflows, batch.cancels
    return [
        *(_Action(f"order {k}", s.order, s.signature, s.path) for k, s in enumerate(orders)),
        *(_Action(f"outflow {k}", s.outflow, s.signature, None) for k, s in enumerate(outflows)),
        *(_Action(f"cancel {k}", s.cancel, s.signature, s.path) for k, s in enumerate(cancels)),
    ]


def _bundle_of(action: _Action) -> Bundled:
    return bundle_of((action.what.account, action.signature, action.path))


def _key_of(batch: Batch, ledger: Ledger, action: _Action) -> Point:
    """The key that must have signed it."""
    what = action.what
    with refusals_at(action.name):
        _require_venue(what, batch)
        if isinstance(what, Outflow):
            require_payer(what, batch.governance.backstop_account)
        if not isinstance(what, CancelOrder):
            require_in_time(what, batch.time)
        return ledger.header(what.account).key


def _require_venue(what: _What, batch: Batch) -> None:
    if (what.chain, what.venue) != (batch.chain, batch.venue):
        raise Rejected(
            Reason.ORDER_VENUE,
            f"signed for chain {what.chain} venue {what.venue}, "
            f"not chain {batch.chain} venue {batch.venue}",
        )


def _signatures(
    actions: Sequence[_Action], digests: Sequence[Digest], compress_many: CompressMany
) -> list[_Signature]:
    """One for each action that is signed alone, and one for each bundle, in the order in which the
    actions name them. Rejected where two actions of a bundle have one place. A path that leads to
    another root is of another bundle, whoever may have signed that."""
    bundled = [(place, a.path) for place, a in enumerate(actions) if a.path is not None]
    paths = [path for _, path in bundled]
    leads = roots_of([digests[place] for place, _ in bundled], paths, compress_many)
    roots = dict(zip((place for place, _ in bundled), leads, strict=True))
    found: list[_Signature] = []
    bundles: dict[tuple[Bundled, Digest], _Signature] = {}
    for place, action in enumerate(actions):
        root = roots.get(place, digests[place])
        key = (_bundle_of(action), root)
        signature = bundles.get(key) if action.path is not None else None
        if signature is None:
            signature = _Signature(action, root)
            found.append(signature)
            if action.path is not None:
                bundles[key] = signature
        signature.actions.append(place)
    for signature in bundles.values():
        _require_distinct(signature, actions)
    return found


def _require_distinct(signature: _Signature, actions: Sequence[_Action]) -> None:
    """Each place of a bundle acts once."""
    seen: set[int] = set()
    for place in signature.actions:
        path = actions[place].path
        if path is not None and path.place in seen:
            name = actions[place].name
            raise Rejected(
                Reason.ORDER_REPEATED, f"{name}: its place of the bundle is listed twice"
            )
        if path is not None:
            seen.add(path.place)


def _steps(
    signatures: Sequence[_Signature],
    actions: Sequence[_Action],
    keys: Sequence[Point],
    compress_many: CompressMany,
) -> list[SignatureStep]:
    """What each signature has to hold for."""
    bundles = [each for each in signatures if each.is_bundle]
    messages = iter(bundle_digests([each.root for each in bundles], compress_many))
    return [
        SignatureStep(
            account=each.first.what.account,
            key=keys[each.actions[0]],
            message=next(messages) if each.is_bundle else each.root,
            signature=each.first.signature,
            actions=len(each.actions),
            root=each.root if each.is_bundle else None,
        )
        for each in signatures
    ]


def _require_valid(
    steps: Sequence[SignatureStep], signatures: Sequence[_Signature], verify_many: VerifyMany
) -> None:
    given = ([s.key for s in steps], [s.message for s in steps], [s.signature for s in steps])
    for signature, is_valid in zip(signatures, verify_many(*given), strict=True):
        if not is_valid:
            raise _unsigned(signature.first.name)


def _unsigned(name: str) -> Rejected:
    return Rejected(Reason.ORDER_SIGNATURE, f"{name}: not signed by the key of its account")


def _nodes(
    signatures: Sequence[_Signature],
    actions: Sequence[_Action],
    digests: Sequence[Digest],
    compress_many: CompressMany,
) -> tuple[TouchedNode, ...]:
    """The nodes of all bundles above the actions that the batch takes of them."""
    nodes: list[TouchedNode] = []
    for depth in range(1, DEPTH_MAX + 1):
        leaves: dict[int, tuple[Digest, Digest]] = {}
        beside: dict[tuple[int, int], Digest] = {}
        for k, signature in enumerate(signatures):
            for place in signature.actions:
                path = actions[place].path
                if path is None or path.depth != depth:
                    continue
                address = k << depth | path.place
                leaves[address] = (digests[place], digests[place])
                beside.update(
                    ((height, address >> height ^ 1), sibling)
                    for height, sibling in enumerate(path.siblings)
                )
        siblings = [beside[where] for where in sibling_addresses(sorted(leaves), depth)]
        nodes += update(depth, leaves, siblings, compress_many, BUNDLE_TREE).nodes
    return tuple(nodes)
