"""What the senders of commands signed: each alone, or many in a bundle that each shows its path in.

The actions of a bundle come one by one, each with the bundle's signature. That is verified once by
whoever remembers what held (rollup.crypto.remembered): one key, one message, one signature.
"""

from collections.abc import Sequence

from rollup.crypto.curve import Point
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.bundle import BundlePath, bundle_digests, roots_of
from rollup.protocol.cancel import cancel_digests
from rollup.protocol.order import message_digests
from rollup.protocol.outflow import outflow_digests
from rollup.protocol.units import VerifyMany
from sequencer.engine.command import Cancel, PayOut, Signed, Submit


def signatures_hold(
    commands: Sequence[Signed],
    keys: Sequence[Point],
    compress_many: CompressMany,
    verify_many: VerifyMany,
) -> Sequence[bool]:
    """Whether each command is signed by the key at its place: one call for all of them."""
    signatures = [command.signed.signature for command in commands]
    return verify_many(keys, messages_of(commands, compress_many), signatures)


def messages_of(commands: Sequence[Signed], compress_many: CompressMany) -> list[Digest]:
    """What the sender of each command signed, in order: the digest of the command, or, where it has
    a path, that of the bundle to which the path leads."""
    messages = _digests_of(commands, compress_many)
    paths = {k: path for k, each in enumerate(commands) if (path := path_in(each)) is not None}
    if not paths:
        return messages
    roots = roots_of([messages[k] for k in paths], list(paths.values()), compress_many)
    for k, message in zip(paths, bundle_digests(roots, compress_many), strict=True):
        messages[k] = message
    return messages


def path_in(command: Signed) -> BundlePath | None:
    """Its path, if it was signed in a bundle."""
    return None if isinstance(command, PayOut) else command.signed.path


def _digests_of(commands: Sequence[Signed], compress_many: CompressMany) -> list[Digest]:
    """The digest of each command, as it is signed alone."""
    orders = [c.signed.order for c in commands if isinstance(c, Submit)]
    cancels = [c.signed.cancel for c in commands if isinstance(c, Cancel)]
    outflows = [c.signed.outflow for c in commands if isinstance(c, PayOut)]
    found = {
        Submit: iter(message_digests(orders, compress_many)),
        Cancel: iter(cancel_digests(cancels, compress_many)),
        PayOut: iter(outflow_digests(outflows, compress_many)),
    }
    return [next(found[type(command)]) for command in commands]
