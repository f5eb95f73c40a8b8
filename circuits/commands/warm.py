"""Run every kernel once: `make setup` calls this, so that the first proof does not wait.

Two processes work side by side: one proves an empty batch of a venue that nobody uses, the other
makes and checks signatures. What is in the kernel cache is loaded and the rest compiled. A list in
the cache names the kernels that there were in the end, for these sources in this place; while each
of them is as it was written, there is nothing to do.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from circuits.prove import StarkProver
from circuits.stark.committed import commit_fixed
from circuits.stark.kept import keep_fixed, kept_file
from circuits.stark.parameters import FAST
from circuits.stark.prover import Prover, keeps_rows
from circuits.statement.proving import proving_circuit
from circuits.statement.witness import build
from rollup.crypto import batched, curve
from rollup.crypto.salt import KEY_BYTES, SaltKey
from rollup.files import write_whole
from rollup.hash.batched import compress_many
from rollup.hash.poseidon import Digest
from rollup.native import jit
from rollup.native.kernel_cache import KernelCache, intact_kernels
from rollup.oracle.package import FEED_BYTES
from rollup.program.children import worker_pool
from rollup.protocol.account import Header
from rollup.protocol.batch import Batch, NewSalts
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.market import Governance, Market
from rollup.protocol.openings import completed
from rollup.protocol.oracle import Feed, OracleTerms
from rollup.protocol.receipt import RECEIPTS_START
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.terms import batch_terms
from rollup.protocol.transition import apply_batch

ZERO: Digest = (0, 0, 0, 0, 0, 0, 0, 0)
SIGNATURES = 20
"""More than the lanes of a vector, and no multiple of them."""


@dataclass(frozen=True, slots=True)
class Warmed:
    """All kernels have run: how many of them had to be compiled, and how long it took."""

    compiled: int
    seconds: float


def is_warm() -> bool:
    """Whether every kernel that the last run of `warm_kernels` left is there and can be loaded."""
    folder = jit.cache_folder()
    if folder is None:
        return False
    try:
        listed = json.loads(_list(folder).read_bytes())
        return bool(listed) and intact_kernels(folder).issuperset(listed)
    except (OSError, ValueError, TypeError):
        return False


def warm_kernels() -> Warmed:
    """Run every kernel, compiling what is not in the cache."""
    start = perf_counter()
    with worker_pool(2, {}) as pool:
        counts = [pool.submit(warm_proofs), pool.submit(warm_signatures)]
        compiled = sum(count.result() for count in counts)
    folder = jit.cache_folder()
    if folder is not None:
        write_whole(_list(folder), json.dumps(sorted(intact_kernels(folder))).encode())
    return Warmed(compiled, perf_counter() - start)


def warm_proofs() -> int:
    """Run all kernels of a batch's proof: every proof has the same shape, so an empty one does.

    Returns how many this process has compiled.
    """
    outcome = apply_batch(
        _empty_batch(), compress_many=compress_many, verify_many=batched.verify_many
    )
    witness = build(outcome, FAST.blinded_rows)
    statement = proving_circuit(CLASS_S)
    traces = [witness.traces[placed.name] for placed in statement.tables]
    # Made, not loaded: the kernels of fixed columns are wanted as well.
    fixed = commit_fixed(statement, FAST, resident=keeps_rows(FAST, None))
    Prover(statement, FAST, fixed=fixed).prove(traces, *witness.known)
    file = kept_file(fixed.committed.tree.root, resident=keeps_rows(FAST, None))
    if file is not None:
        keep_fixed(file, fixed)
    return KernelCache.compiled


def warm_prover(prover: StarkProver) -> None:
    """Load what the first batch of a prover's first class would wait for: its fixed tables and
    every kernel. Its other classes wait until they are asked for."""
    prover.prove_bundle(batch_to_bytes(_empty_batch(prover.first_class)))
    warm_signatures()


def warm_signatures() -> int:
    """Run all kernels of signatures, on whole vectors and on a rest."""
    keys = batched.generate_secrets(SIGNATURES)
    messages = [ZERO] * SIGNATURES
    signatures = [signature.to_bytes() for signature in batched.sign_many(keys, messages)]
    batched.verify_many([key.public for key in keys], messages, signatures)
    return KernelCache.compiled


def _empty_batch(shape_class: ShapeClass = CLASS_S) -> Batch:
    """The first batch of a venue with one market and no trader."""
    market = Market("WARM", 1, 5, 1_000, 500, 300, 500, 200, 250, 10, 0, 0, 1, 1)
    feed = Feed(b"WARM".ljust(FEED_BYTES, b"\0"), decimals=8, step=1, listing_price=10_000)
    oracle = OracleTerms((bytes(OWNER_BYTES),), quorum=1, slot_ms=1, lag_ms=0, feeds=(feed,))
    governance = Governance((market,), FEE_ACCOUNT, BACKSTOP_ACCOUNT, 1_000, 1_000, oracle)
    header = Header(bytes(OWNER_BYTES), curve.GENERATOR, ZERO)
    genesis = Genesis(1, 1, 1, governance, (10_000,), header, header, bytes(OWNER_BYTES))
    state, salts = genesis.state(compress_many), SaltKey(bytes(KEY_BYTES))
    draft = Batch(
        shape_class=shape_class,
        chain=genesis.chain,
        venue=genesis.venue,
        number=1,
        time=genesis.time + 1,
        reports=(),
        prices=genesis.prices,
        redo=False,
        governance=governance,
        receipts=RECEIPTS_START,
        old_root=state.root,
        deposits=(),
        orders=(),
        fills=(),
        takeovers=(),
        pre=state.open({governance.fee_account: set()}),
        salts=NewSalts((salts.account(0, 1, 0),), salts.markets(1, 0), salts.globals(1, 0)),
        frontiers=tuple(terms.numbers for terms in batch_terms(governance, genesis.book())),
    )
    return completed(draft, state)


def _list(folder: Path) -> Path:
    """Its name tells this copy of the sources from others, since Numba goes by their path."""
    place = hashlib.sha256(str(jit.ROOT).encode()).hexdigest()[:16]
    return folder / f"warm-{place}.json"
