"""crypsis l1 relay: carries words between home and its outposts."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from rollup.harness.l1_cli import Hex, known_errors, l1_option
from rollup.program.cli import CommandError, ExitCode, Output, conventions
from rollup.protocol.constants import OWNER_BYTES

if TYPE_CHECKING:
    from rollup.harness.relaying import Carried, Relaying


@click.command()
@l1_option
@click.option(
    "--outpost",
    multiple=True,
    required=True,
    metavar="URL",
    help="An outpost (crypsis l1 outpost up); may be repeated.",
)
@click.option(
    "--member",
    multiple=True,
    required=True,
    metavar="URL",
    help="A member of the committee (crypsis da serve --outpost); may be repeated.",
)
@click.option("--sender", type=Hex(OWNER_BYTES), help="In whose name words are brought.")
@click.option(
    "--every", type=click.FloatRange(0.05), default=1.0, show_default=True, help="Seconds."
)
@click.option("--once", is_flag=True, help="One round, and its record; exit 5 if it was hindered.")
@conventions
def relay(
    console: Output,
    l1: str,
    outpost: tuple[str, ...],
    member: tuple[str, ...],
    sender: bytes | None,
    every: float,
    once: bool,
) -> None:
    """Bring home what outposts took, and tell outposts of home, until told to stop.

    Each round asks members for their word of the next deposits of each outpost, and of home as it
    is, and brings what enough of them sign. A relay has no say: it can be late, and anybody can run
    another one. Calls go by the methods of a development L1, in the name of --sender.
    """
    from rollup.harness.relaying import SENDER, MemberWords, Relaying
    from rollup.l1.remote import RemoteL1
    from rollup.l1.remote_outpost import RemoteOutpost

    with known_errors(), ExitStack() as stack:
        relaying = Relaying(
            stack.enter_context(RemoteL1(l1)),
            [stack.enter_context(RemoteOutpost(url)) for url in outpost],
            [stack.enter_context(MemberWords(url)) for url in member],
            SENDER if sender is None else sender,
        )
        if once:
            _once(console, relaying)
            return
        record = {"l1": l1, "outposts": list(outpost), "members": list(member)}
        console.result(record, f"between {l1} and {', '.join(outpost)}")
        _run(relaying, every, _telling(console))


def _once(console: Output, relaying: "Relaying") -> None:
    found = list(relaying.round())
    rows = [
        {
            "outpost": each.url,
            "chain": each.chain,
            "taken": each.taken,
            "let_out": each.let_out,
            "batch": each.number,
            "trouble": each.trouble or None,
        }
        for each in found
    ]
    text = "\n".join(_line(each) for each in found)
    if any(each.trouble for each in found):
        record = {"error": text, "outposts": rows}
        raise CommandError(ExitCode.REFUSED_BY_PEER, text, record)
    console.result({"outposts": rows}, text)


def _run(relaying: "Relaying", every: float, tell: "Callable[[Carried], None]") -> None:
    from signal import SIGINT, SIGTERM, signal
    from threading import Event

    stop = Event()
    for number in (SIGINT, SIGTERM):
        signal(number, lambda *_: stop.set())
    while not stop.is_set():
        for carried in relaying.round():
            tell(carried)
        stop.wait(every)


def _telling(console: Output) -> "Callable[[Carried], None]":
    """News go to standard error, with --json too: whoever starts it hears them. Trouble is said
    once, as long as it stays the same; a word about home alone only with -v."""
    troubles: dict[str, str] = {}

    def tell(carried: "Carried") -> None:
        is_new_trouble = bool(carried.trouble) and troubles.get(carried.url) != carried.trouble
        troubles[carried.url] = carried.trouble
        is_loud = bool(carried.taken or carried.let_out or is_new_trouble)
        is_said = is_loud or carried.number is not None
        if is_said and console.verbosity >= (0 if is_loud else 1):
            click.echo(_line(carried), err=True)

    return tell


def _line(carried: "Carried") -> str:
    name = carried.url if carried.chain is None else f"chain {carried.chain}"
    done = [f"{carried.taken} deposits taken in at home"] * bool(carried.taken)
    done += [f"{carried.let_out} payouts let out"] * bool(carried.let_out)
    done += [f"batch {carried.number} heard"] * (carried.number is not None)
    done += [carried.trouble] * bool(carried.trouble)
    return f"{name}: {', '.join(done) or 'nothing new'}"
