"""The command line in a process that finds no packages but some: what a small installation does."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"rollup", "circuits", "sequencer"}

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        is_python = root in sys.stdlib_module_names or root.startswith("_sysconfigdata_")
        if not is_python and root not in {allowed!r}:
            raise ModuleNotFoundError(f"No module named {{root!r}}", name=root)

sys.meta_path.insert(0, Blocker())
sys.argv = ["crypsis", *{arguments!r}]
from rollup.program.cli import main
main()
"""


def distributions(requirements: list[str]) -> set[str]:
    """Names of the packages, without versions and extras."""
    return {re.split(r"[^\w.-]", requirement)[0] for requirement in requirements}


def modules(names: set[str]) -> set[str]:
    """What `import` finds of these packages."""
    wanted = {name.lower().replace("_", "-") for name in names}
    return {
        module
        for module, packages in packages_distributions().items()
        if wanted & {package.lower().replace("_", "-") for package in packages}
    }


BASE = modules(distributions(PROJECT["dependencies"]))


def with_theirs(names: set[str]) -> set[str]:
    """These packages and all that come with them."""
    found, waiting = set[str](), set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        try:
            wanted = [each for each in requires(name) or () if "extra ==" not in each]
        except PackageNotFoundError:
            continue  # of another interpreter or system
        waiting |= distributions(wanted) - found
    return found


INSTALLED = modules(with_theirs(distributions(PROJECT["dependencies"])))
"""All that an installation without extras has."""


def without_extras(
    *arguments: object, allowed: set[str] = BASE
) -> subprocess.CompletedProcess[str]:
    """The command in a process that finds the base dependencies alone."""
    code = BLOCKED.format(allowed=allowed | OWN, arguments=[str(each) for each in arguments])
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
