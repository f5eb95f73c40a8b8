"""Options that commands of the proof system share."""

import click

from rollup.native.memory import MemoryMode
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES

SETS = ("fast", "balanced", "l1", "l1-tall")
"""Parameter sets by name: `circuits.stark.parameters.PARAMETER_SETS`, without importing it."""

parameters_option = click.option(
    "--parameters",
    type=click.Choice(SETS),
    default=SETS[0],
    show_default=True,
    help="Parameter set.",
)
class_option = click.option(
    "--shape-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    default=CLASS_S.name,
    show_default=True,
    help="How much a batch may hold: S up to 128 trades, M up to 1,024, R as S and 3,840 accounts.",
)
memory_option = click.option(
    "--memory",
    type=click.Choice(list(map(str, MemoryMode))),
    default=MemoryMode.AUTO.value,
    show_default=True,
    help=(
        "low: columns on the evaluation domain are made part by part, for each use anew, and not "
        "kept; high: made once and kept. The same proof; what it takes is in docs/performance.md. "
        "auto: high at `fast`, low at sets with larger domains."
    ),
)
asked_class_option = click.option(
    "--shape-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    multiple=True,
    show_default="any that the package has",
    help="Ask that the batch be of this class; more than once for one of several.",
)
served_classes_option = click.option(
    "--shape-class",
    type=click.Choice(list(SHAPE_CLASSES)),
    multiple=True,
    default=(CLASS_S.name,),
    show_default=True,
    help="Of the batches that it is asked for, the commonest first; more than once for several.",
)
cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Prove on the workers of a Dask scheduler: tcp://host:8786.",
)
