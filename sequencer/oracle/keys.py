"""Keys of development signers: files of 32 bytes that only their owner may read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rollup.codec.strict import CodecError
from rollup.crypto.address_key import KEY_BYTES, AddressKey
from rollup.crypto.fresh import address_key_material
from rollup.files import PRIVATE_MODE, make_private_folder, read_bounded, write_whole
from rollup.protocol.oracle import SIGNERS_MAX

COUNT: Final = 5
QUORUM: Final = 3
"""What a development venue has: two signers may be away, and two may lie."""

PATTERN: Final = "signer-*.key"


def write_keys(folder: Path, materials: Sequence[bytes]) -> tuple[AddressKey, ...]:
    """Write keys that were drawn elsewhere, those that are there being replaced."""
    make_private_folder(folder)
    for place, material in enumerate(materials, 1):
        write_whole(folder / PATTERN.replace("*", str(place)), material, PRIVATE_MODE)
    return read_keys(folder)


def fresh_keys(folder: Path, count: int = COUNT) -> tuple[AddressKey, ...]:
    """New keys by the system's generator. CodecError if there are keys already."""
    if list(folder.glob(PATTERN)):
        raise CodecError(f"{folder}: keys are there already")
    return write_keys(folder, [address_key_material() for _ in range(count)])


def read_keys(folder: Path) -> tuple[AddressKey, ...]:
    """The keys of a folder, by rising address. CodecError if there is none, or one is not a key."""
    files = sorted(folder.glob(PATTERN))
    if not 1 <= len(files) <= SIGNERS_MAX:
        raise CodecError(f"{folder}: 1 to {SIGNERS_MAX} files {PATTERN} are wanted")
    keys = [_read(file) for file in files]
    if len({key.address for key in keys}) != len(keys):
        raise CodecError(f"{folder}: two files hold one key")
    return tuple(sorted(keys, key=lambda key: key.address))


def _read(path: Path) -> AddressKey:
    try:
        return AddressKey(read_bounded(path, KEY_BYTES))
    except ValueError as error:
        raise CodecError(f"{path}: a signing key of {KEY_BYTES} bytes is wanted") from error
