"""The page of a venue that runs: what it is told about the program, and the accounts if it shows
them."""

from collections.abc import Sequence
from math import floor

from starlette.routing import BaseRoute

from rollup.installed import installed_verifier
from sequencer.page.site import About, page_routes
from sequencer.running.assembly import Plan, Running
from sequencer.running.shown_accounts import ShownAccounts

MOCK = "mock"


def site(plan: Plan, found: Running, port: int) -> Sequence[BaseRoute]:
    """Routes beside the API's, for a venue that listens on `port`."""
    shown = [ShownAccounts(found.door, found.accounts, port).route()] if plan.shows_accounts else []
    return [*page_routes(_about(plan)), *shown]


def _about(plan: Plan) -> About:
    file = plan.file
    bits = installed_verifier(file.parameters, file.shape_class).bits
    return About(
        l1=MOCK,
        parameters=file.parameters,
        shape_class=file.shape_class,
        bits=f"{floor(bits * 10) / 10:.1f}",
        proves=plan.proves,
        shows_accounts=plan.shows_accounts,
    )
