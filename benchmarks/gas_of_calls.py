"""`python -m benchmarks.gas_of_calls`: what each call of L1's contract costs on a node.

All scenarios of the suite (docs/l1.md) are played on an anvil, with a test verifier, so without
what proofs cost (`benchmarks.gas`); of each call that went through counts what the node billed.
Exit 1 if a scenario fails. Minutes; `--only GROUP` plays a part.
"""

import sys
from collections import defaultdict
from statistics import median_low

import click

from rollup.harness.anvil import anvil_node
from rollup.harness.evm_target import TEST_CHAIN, EvmTarget
from rollup.harness.people import compress_cached
from rollup.harness.scenario import load
from rollup.harness.suite import run
from rollup.installed import installed_chain_proofs
from rollup.l1.evm.chain import Receipt
from rollup.l1.evm.node_chain import NodeChain


@click.command()
@click.option(
    "--only", "groups", multiple=True, metavar="GROUP", help="Only scenarios of this one."
)
def bench(groups: tuple[str, ...]) -> None:
    """Bill every call of the suite's scenarios."""
    scenarios = [each for each in load() if not groups or each.group in groups]
    if not scenarios:
        raise click.UsageError(f"no group is called {' or '.join(groups)}")
    billed: dict[str, list[int]] = defaultdict(list)

    def paid(name: str, receipt: Receipt) -> None:
        billed[name].append(receipt.gas)

    with anvil_node(TEST_CHAIN, timestamp=1) as node:
        chain = NodeChain(node, lambda: 1)
        target = EvmTarget(chain, installed_chain_proofs().statement, compress_cached, paid)
        report = run(target, scenarios)
    click.echo("| call | times | least | median | most |\n|---|---|---|---|---|")
    for name, gas in sorted(billed.items()):
        figures = (len(gas), min(gas), median_low(gas), max(gas))
        click.echo(f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    for finding in report.failed:
        click.echo(f"{finding.name}: {finding.difference}", err=True)
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    bench()
