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
    help="How much a batch may hold: S up to 128 trades, M up to 1,024, R as S and 2,816 accounts.",
)
memory_option = click.option(
    "--memory",
    type=click.Choice(list(map(str, MemoryMode))),
    default=MemoryMode.AUTO.value,
    show_default=True,
    help=(
        "low: rows on the evaluation domain are made part by part, for each use anew, and let go; "
        "at `fast` that saves a third of the memory or more, and costs a twentieth of the CPU. "
        "high: they are made once, and kept. auto: high at `fast`, low at the others, where it "
        "saves more and costs nothing. The proof has the same bytes."
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
