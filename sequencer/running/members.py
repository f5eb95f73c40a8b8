"""The committee of a devnet: keys in files that only their owner may read, and `crypsis da serve`
as a process for each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rollup.codec.strict import CodecError
from rollup.crypto.bls import SECRET_BYTES, BlsSecret
from rollup.files import PRIVATE_MODE, make_private_folder, read_bounded, write_whole
from sequencer.batches.artefacts import GENESIS_FILE
from sequencer.running.kept_process import ServingProcess

PATTERN: Final = "member-*.key"
MEMBERS_FOLDER: Final = "members"
"""Of a devnet's folder: what each of its members holds, as it were on machines of their own."""


def write_members(folder: Path, materials: Sequence[bytes]) -> list[BlsSecret]:
    """Write keys that were drawn elsewhere, those that are there being replaced."""
    make_private_folder(folder)
    for place, material in enumerate(materials, 1):
        write_whole(folder / PATTERN.replace("*", str(place)), material, PRIVATE_MODE)
    return [_read(each) for each in key_files(folder)]


def key_files(folder: Path) -> list[Path]:
    """The files of a folder's keys; none where it has none."""
    return sorted(folder.glob(PATTERN))


def _read(path: Path) -> BlsSecret:
    try:
        return BlsSecret(read_bounded(path, SECRET_BYTES))
    except ValueError:
        raise CodecError(f"{path}: a member's key of {SECRET_BYTES} bytes is wanted") from None


class MemberProcess(ServingProcess):
    """One member, on a free port that it keeps."""

    words = ("da", "serve")
    name = "a member of the committee"

    def __init__(
        self,
        key: Path,
        state: Path,
        l1: str,
        outposts: Sequence[str],
        say: Callable[[str], None],
    ) -> None:
        """`state` is the devnet's folder; `l1` and `outposts` the URLs that the member asks."""
        super().__init__(say)
        self._folder = state / MEMBERS_FOLDER / key.stem
        self._given = (
            *("--key", str(key), "--genesis", str(state / GENESIS_FILE), "--l1", l1),
            *(word for url in outposts for word in ("--outpost", url)),
        )

    def _arguments(self) -> Sequence[str]:
        return (str(self._folder), *self._given, "--port", str(self._port))
