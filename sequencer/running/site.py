"""The page of a venue that runs: what it is told about the program, and the accounts if it shows
them."""

from collections.abc import Sequence
from math import floor
from typing import Final

from starlette.routing import BaseRoute

from rollup.installed import installed_verifiers
from sequencer.page.site import About, page_routes
from sequencer.running.assembly import Running
from sequencer.running.shown_accounts import ShownAccounts

MOCK: Final = "mock"
CHAIN: Final = "the contracts on a chain of this machine"
"""What the page calls the L1 of a venue."""


def site(
    found: Running, port: int, *, proves: bool, shows_accounts: bool, on_chain: bool = False
) -> Sequence[BaseRoute]:
    """Routes beside the API's, for a venue that listens on `port`."""
    file = found.file
    verifiers = installed_verifiers(file.parameters, file.shape_classes)
    bits = min(each.bits for each in verifiers)
    about = About(
        l1=CHAIN if on_chain else MOCK,
        parameters=file.parameters,
        shape_classes=file.shape_classes,
        bits=f"{floor(bits * 10) / 10:.1f}",
        proves=proves,
        shows_accounts=shows_accounts,
    )
    shown = [ShownAccounts(found.door, found.accounts, port).route()] if shows_accounts else []
    return [*page_routes(about), *shown]
