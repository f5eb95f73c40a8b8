"""A compiled contract: what is deployed, and of which sources by which compiler it was made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "artefacts"

CODE_BYTES_MAX: Final = 24_576
"""Bytes of a deployed contract (EIP-170). Development nodes need not enforce it; tests do."""

INITCODE_BYTES_MAX: Final = 49_152
"""Bytes of what deploys one, arguments included (EIP-3860)."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """`code` deploys it, once each of `links` (library name to byte offsets of a 20-byte address)
    is filled in and constructor arguments are appended. `runtime` is the size of what then stands
    on chain; `sources` the SHA-256 of every file it was made of; `abi` empty for plain Yul."""

    name: str
    compiler: str
    abi: Sequence[Mapping[str, Any]]
    code: bytes
    runtime: int
    links: Mapping[str, Sequence[int]]
    sources: Mapping[str, str]

    def linked(self, libraries: Mapping[str, bytes]) -> bytes:
        """The code with the addresses of libraries in their places. KeyError for one not given."""
        code = bytearray(self.code)
        for name, places in self.links.items():
            for place in places:
                code[place : place + 20] = libraries[name]
        return bytes(code)

    def write(self, folder: Path = FOLDER) -> None:
        """Write NAME.json."""
        record = {
            "abi": self.abi,
            "code": self.code.hex(),
            "compiler": self.compiler,
            "links": self.links,
            "name": self.name,
            "runtime": self.runtime,
            "sources": self.sources,
        }
        text = json.dumps(record, indent=1, sort_keys=True) + "\n"
        (folder / f"{self.name}.json").write_text(text, "ascii")


@cache
def artefact(name: str) -> Artefact:
    """The compiled contract of that name, as the repository has it."""
    return read(FOLDER / f"{name}.json")


def read(path: Path) -> Artefact:
    """The compiled contract in a file."""
    record = json.loads(path.read_text("ascii"))
    return Artefact(
        name=record["name"],
        compiler=record["compiler"],
        abi=record["abi"],
        code=bytes.fromhex(record["code"]),
        runtime=record["runtime"],
        links=record["links"],
        sources=record["sources"],
    )
