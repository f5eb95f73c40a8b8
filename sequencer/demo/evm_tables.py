"""How the last act on an EVM looks: what each transaction of the proof cost, then who refused what
was changed of it, and why; and how people leave a venue without its operator."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from rollup.harness.some_evm import NODE
from sequencer.demo.events import EvmAbsent, EvmReady, EvmTrial, VenueLeft

_ENGINES = {NODE: "anvil, a node of its own"}
_IN_PROCESS = "revm in this process, which bills a little less for storage than a node"


def ready_text(ready: EvmReady) -> str:
    """Which EVM it is, and what was created there."""
    return (
        f"EVM: {_ENGINES.get(ready.engine, _IN_PROCESS)}; {ready.contracts} contracts that verify "
        f"class {ready.shape_class} created in {ready.seconds:.1f} s for {ready.gas:,} gas"
    )


def absent_text(absent: EvmAbsent) -> str:
    """Why there is no such act."""
    return f"The last batch on an EVM: left out: {absent.lacks}"


def transaction_table(trial: EvmTrial) -> Table:
    """A transaction a row, what came of it, and all together."""
    table = _table()
    table.add_column("transaction")
    for head in ("bytes", "gas"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    *earlier, last = trial.transactions
    for each in earlier:
        table.add_row(each.part, f"{each.calldata:,}", f"{each.gas or 0:,}", "good")
    end = trial.on_chain or ("good, and all: PROVED" if trial.proved else "good, but NOT PROVED")
    table.add_row(last.part, f"{last.calldata:,}", f"{last.gas or 0:,}", end)
    table.add_row("the whole proof", f"{trial.calldata:,}", f"{trial.gas:,}", "")
    return table


def refusal_table(trials: Sequence[EvmTrial]) -> Table:
    """Two rows a trial: what contracts said, and what Python says."""
    table = _table()
    for head in ("one bit changed", "refused by"):
        table.add_column(head, no_wrap=True)
    table.add_column("reason", overflow="fold")
    for trial in trials:
        by = f"contract, {trial.transactions[-1].part}"
        table.add_row(trial.name, by if trial.on_chain else "NOBODY on chain", trial.on_chain)
        by = "Python" if trial.in_python else "NOBODY in Python"
        table.add_row("", by, trial.in_python)
    return table


def exit_table(left: VenueLeft) -> Table:
    """A call a row: who made it, its gas, and what he got."""
    table = _table()
    for head in ("who", "call"):
        table.add_column(head, no_wrap=True)
    table.add_column("gas", justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for each in left.exits:
        verdict = "done" if each.paid is None else f"{each.paid / 10**6:,.2f} USDC"
        verdict = f"refused: {each.reason}" if each.reason else verdict
        table.add_row(each.who, each.call, "" if each.gas is None else f"{each.gas:,}", verdict)
    return table


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
