"""The program behind the commands: listens, puts the venue together, says where it is, serves."""

import gc
from contextlib import ExitStack
from socket import socket

import click

from rollup.program.cli import Output
from sequencer.api.server import listen
from sequencer.running.assembly import Plan, running
from sequencer.running.banner import banner, banner_record
from sequencer.running.crowd import start_crowd
from sequencer.running.serve import serve
from sequencer.running.site import site


class CannotListen(Exception):
    """The address cannot be had; says which, and why."""


class _Talk:
    """What a venue has to say goes to standard error, with `--json` too: it runs for long, and
    whoever runs it must hear that a bound draws near."""

    def __init__(self, verbosity: int) -> None:
        self._is_quiet = verbosity < 0

    def __call__(self, text: str) -> None:
        if not self._is_quiet:
            click.echo(text, err=True)


def run_program(plan: Plan, host: str, port: int, console: Output) -> None:
    """Run a venue until it is drained. The crowd, if any, ends with it."""
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(host, port))
        bound = listening.getsockname()[1]
        talk = _Talk(console.verbosity)
        found = stack.enter_context(running(plan, talk, console.detail))

        def ready() -> None:
            record = banner_record(plan, found, host, bound)
            console.result(record, banner(plan, found, host, bound))
            if found.crowd or found.daring:
                crowd = start_crowd(host, bound, found.crowd, found.daring, found.seed)
                stack.callback(crowd.terminate)

        shown = {"shows_accounts": plan.shows_accounts, "on_chain": plan.on_chain}
        pages = site(found, bound, proves=plan.proves, **shown)
        gc.collect()
        gc.freeze()  # code and the state it started with stay: a search for cycles stops orders
        serve(found.door, listening, talk, ready, pages, publishes=plan.publishes)


def _listen(host: str, port: int) -> socket:
    try:
        return listen(host, port)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotListen(f"cannot listen on {host} port {port}: {reason}") from error
