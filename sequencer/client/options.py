"""Options of the client's commands. They need no library, so that help is there without one."""

import re
from collections.abc import Callable
from typing import Any, Final

import click

from rollup.program.cli import file_type

PASSWORD_LEAST: Final = 8
"""Characters of a new key file's password."""

AHEAD_S: Final = 60.0
"""How long a venue is asked again to take the viewing key of an entry that it has not seen yet."""

DEFAULT_L1: Final = "http://127.0.0.1:8645/"
DEFAULT_URL: Final = "http://127.0.0.1:8550"

url_option = click.option(
    "--url", default=DEFAULT_URL, show_default=True, envvar="CRYPSIS_URL", help="Of the venue."
)
account_option = click.option(
    "--account",
    type=file_type,
    required=True,
    envvar="CRYPSIS_ACCOUNT",
    help="Key file of the account.",
)
password_option = click.option(
    "--password-file",
    type=file_type,
    envvar="CRYPSIS_PASSWORD_FILE",
    help="Holds the password of the key file; else it is asked for.",
)

ORDER_ID: Final = re.compile("(0|[1-9][0-9]{0,2})/(0|[1-9][0-9]{0,8})")
"""As `order list` shows them."""

Command = Callable[..., Any]


def trading_options(command: Command) -> Command:
    """Where, and with which account."""
    return url_option(account_option(password_option(command)))


asset_option = click.option(
    "--asset",
    default="USDC",
    show_default=True,
    metavar="NAME",
    help="Or the symbol of an asset's market.",
)

outpost_option = click.option(
    "--outpost",
    metavar="URL",
    help="Of the venue's outpost on another chain, where money comes in or goes out instead.",
)
