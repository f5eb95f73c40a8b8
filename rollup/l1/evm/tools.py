"""Where the compiler and the node are: packages of npm, installed beside the Python environment.

`make contracts-tools` puts them there where node is; nothing but compiling and running a real node
needs them, since what the contracts compile to is in the repository.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(sys.prefix) / "node"
"""What `make contracts-tools` installs into: .venv/node."""

ANVIL: Final = FOLDER / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
SOLC: Final = FOLDER / "node_modules/solc"


def node() -> Path | None:
    """The JavaScript runtime, if this machine has one."""
    found = shutil.which("node")
    return None if found is None else Path(found)


def can_compile() -> bool:
    """Whether contracts can be compiled here."""
    return node() is not None and SOLC.is_dir()


def anvil() -> Path | None:
    """The node program, if it is installed."""
    return ANVIL if ANVIL.is_file() else None
