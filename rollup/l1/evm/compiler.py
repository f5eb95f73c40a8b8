"""Compile the contracts by the pinned solc, and compare with what the repository has.

    python -m rollup.l1.evm.compiler [--check] [NAME ...]

writes `artefacts/NAME.json` for every contract that is deployed, or says which of them differ. Sol
files are Solidity; yul files are one object each, in which a line `//INCLUDE name` stands for
`name.yul` of the folder.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rollup.l1.evm.artefact import FOLDER, Artefact, read
from rollup.l1.evm.tools import SOLC, can_compile, node

CONTRACTS: Final = Path(__file__).parent / "contracts"
SCRIPT: Final = Path(__file__).parent / "compile.js"
INCLUDE: Final = "//INCLUDE "

_EVM: Final = "cancun"
"""The oldest fork that the contracts are for: later ones run the same code."""


class CompileError(Exception):
    """What the compiler refused, in its words."""


def compile_contracts(only: Iterable[str] = ()) -> dict[str, Artefact]:
    """Every contract and library of the folder that has code, by its name; or those named."""
    names = set(only)
    found: dict[str, Artefact] = {}
    for made in (*_solidity(), *_yul(names)):
        if made.code and (not names or made.name in names):
            found[made.name] = made
    missing = names - set(found)
    if missing:
        raise CompileError(f"no contract is called {', '.join(sorted(missing))}")
    return found


def _solidity() -> Iterator[Artefact]:
    files = sorted(CONTRACTS.rglob("*.sol"))
    if not files:
        return
    sources = {_name(path): {"content": path.read_text()} for path in files}
    settings = {
        "evmVersion": _EVM,
        "viaIR": True,
        "optimizer": {"enabled": True, "runs": 200},
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
        "outputSelection": {"*": {"*": _OUTPUT, "": ["ast"]}},
    }
    out = _solc({"language": "Solidity", "sources": sources, "settings": settings})
    for source, contracts in out["contracts"].items():
        for name, made in contracts.items():
            if not made["abi"]:
                continue  # of a library without external functions nothing is deployed
            yield _artefact(name, made, {_name(path): path for path in files}, source)


_OUTPUT: Final = ["abi", "evm.bytecode", "evm.deployedBytecode.object"]


def _yul(only: set[str]) -> Iterator[Artefact]:
    for path in sorted(CONTRACTS.rglob("*.yul")):
        text, used = _included(path)
        if not text.lstrip().startswith("object ") or (only and path.stem not in only):
            continue
        details = {"yul": True, "constantOptimizer": False}
        settings = {
            "evmVersion": _EVM,
            "optimizer": {"enabled": True, "runs": 1_000_000, "details": details},
            "outputSelection": {"*": {"*": ["evm.bytecode", "evm.deployedBytecode.object"]}},
        }
        sources = {path.name: {"content": text}}
        out = _solc({"language": "Yul", "sources": sources, "settings": settings})
        (made,) = out["contracts"][path.name].values()
        runtime = len(made["evm"].get("deployedBytecode", {}).get("object", "")) // 2
        code = bytes.fromhex(made["evm"]["bytecode"]["object"])
        yield Artefact(path.stem, _version(), [], code, runtime, {}, _hashes(used))


def _included(path: Path) -> tuple[str, list[Path]]:
    """The text of a Yul file with its includes in their places, and the files it is made of."""
    lines, used = [], [path]
    for line in path.read_text().splitlines():
        if line.strip().startswith(INCLUDE):
            inner, more = _included(path.parent / f"{line.strip()[len(INCLUDE) :]}.yul")
            lines.append(inner)
            used += more
        else:
            lines.append(line)
    return "\n".join(lines), used


def _artefact(
    name: str, made: Mapping[str, Any], files: Mapping[str, Path], source: str
) -> Artefact:
    code, links = made["evm"]["bytecode"], {}
    for libraries in code["linkReferences"].values():
        for library, places in libraries.items():
            links[library] = [place["start"] for place in places]
    text = code["object"]
    for places in links.values():
        for place in places:
            text = text[: 2 * place] + "0" * 40 + text[2 * place + 40 :]
    used = [files[each] for each in _reached(source, files)]
    runtime = len(made["evm"]["deployedBytecode"]["object"]) // 2
    return Artefact(
        name, _version(), made["abi"], bytes.fromhex(text), runtime, links, _hashes(used)
    )


def _reached(source: str, files: Mapping[str, Path]) -> list[str]:
    """A Solidity file and all that it imports, by name. Imports are absolute, from the folder."""
    found, waiting = {source}, [source]
    while waiting:
        for line in files[waiting.pop()].read_text().splitlines():
            if line.startswith("import "):
                name = line.split('"')[1]
                if name not in found:
                    found.add(name)
                    waiting.append(name)
    return sorted(found)


def _hashes(paths: Iterable[Path]) -> dict[str, str]:
    return {_name(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _name(path: Path) -> str:
    return path.relative_to(CONTRACTS).as_posix()


def _version() -> str:
    record = json.loads((SOLC / "package.json").read_text())
    return f"solc {record['version']}"


def _solc(request: Mapping[str, Any]) -> Any:
    """The compiler's answer. CompileError for anything it calls an error or warns of."""
    runtime = node()
    if runtime is None or not can_compile():
        raise CompileError("the compiler is wanted: `make contracts-tools` installs it, with node")
    environment = {**os.environ, "NODE_PATH": str(SOLC.parent)}
    done = subprocess.run(
        [str(runtime), str(SCRIPT)],
        input=json.dumps(request).encode(),
        stdout=subprocess.PIPE,
        env=environment,
        check=True,
    )
    answer = json.loads(done.stdout)
    faults = [each for each in answer.get("errors", []) if each["severity"] != "info"]
    if faults:
        raise CompileError("\n".join(each["formattedMessage"] for each in faults))
    return answer


def main() -> int:
    """Write the artefacts, or with --check say which differ."""
    parser = argparse.ArgumentParser(description="compile the contracts of L1")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if any differ")
    parser.add_argument("names", nargs="*", help="contracts; all if none is named")
    asked = parser.parse_args()
    differ = []
    for name, made in compile_contracts(asked.names).items():
        path = FOLDER / f"{name}.json"
        before = path.read_bytes() if path.exists() else b""
        if not asked.check:
            made.write()
        print(f"{name}: {made.runtime} bytes of runtime, {len(made.code)} of initcode")
        if asked.check and (not before or _differs(made, path)):
            differ.append(name)
    if differ:
        print(f"differ from their sources: {', '.join(differ)}", file=sys.stderr)
    return 1 if differ else 0


def _differs(made: Artefact, path: Path) -> bool:
    return read(path) != made


if __name__ == "__main__":
    sys.exit(main())
