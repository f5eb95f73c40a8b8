"""Where a venue's files are, and how they are written: whole, or not at all.

root/genesis.json                                   what the venue started from
root/private/{journal, store.sqlite, salt.key, receipts.key, lock}  0700, files 0600
root/private/{fees.viewing, backstop.viewing}       viewing keys of the venue's own two accounts
root/batches/000042/public/{public.json, proof.bin}     all that `verify` reads
root/batches/000042/public/data.bin                     what owners rebuild their accounts from
root/batches/000042/private/{batch.msgpack, meta.json}  0700, files 0600
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rollup.codec import shallow_json
from rollup.codec.strict import CodecError
from rollup.crypto import address_key
from rollup.crypto.address_key import AddressKey
from rollup.crypto.salt import KEY_BYTES, SaltKey
from rollup.files import (
    BATCH_FILE,
    DATA_FILE,
    META_FILE,
    PRIVATE_FOLDER,
    PRIVATE_MODE,
    PROOF_FILE,
    PUBLIC_FILE,
    PUBLIC_FOLDER,
    FileTooLarge,
    make_folder,
    make_private_folder,
    read_bounded,
    remove,
    sync_folder,
    write_whole,
    writing,
)
from rollup.hash.poseidon import Digest
from rollup.program.resource import Resource
from rollup.protocol.genesis import (
    BACKSTOP_ACCOUNT,
    FEE_ACCOUNT,
    GENESIS_BYTES_MAX,
    Genesis,
    genesis_from_json,
    genesis_to_json,
)
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json
from rollup.protocol.published_data import DATA_BYTES_MAX, PublishedData, published_from_bytes
from rollup.protocol.rejection import Rejected
from rollup.protocol.viewing_key import (
    VIEWING_KEY_BYTES,
    viewing_key_from_bytes,
    viewing_key_to_bytes,
)

BATCHES_FOLDER: Final = "batches"
GENESIS_FILE: Final = "genesis.json"
JOURNAL_FILE: Final = "journal"
STORE_FILE: Final = "store.sqlite"
SALT_FILE: Final = "salt.key"
RECEIPTS_FILE: Final = "receipts.key"
LOCK_FILE: Final = "lock"
OWN_VIEWING_FILES: Final = {FEE_ACCOUNT: "fees.viewing", BACKSTOP_ACCOUNT: "backstop.viewing"}
"""Of the venue's own accounts, as `crypsis da rebuild --viewing-key-file` reads a viewing key."""

NUMBER_DIGITS: Final = 6
META_BYTES_MAX: Final = 1 << 20
PROOF_BYTES_MAX: Final = 1 << 23


class ArtefactError(Exception):
    """A file that is missing, unreadable or not what it should be; names it."""


@dataclass(frozen=True, slots=True)
class BatchFolder:
    """The files of one batch."""

    path: Path

    @property
    def batch_file(self) -> Path:
        """What is proved. Private."""
        return self.path / PRIVATE_FOLDER / BATCH_FILE

    @property
    def public(self) -> Path:
        """The bundle: what `crypsis verify` is given."""
        return self.path / PUBLIC_FOLDER

    def write_batch(self, data: bytes) -> None:
        """Write a new batch file; what an older batch of this number left is removed first. What
        this very batch published stays."""
        self._clear(DATA_FILE if self.holds(data) else "")
        make_private_folder(self.path / PRIVATE_FOLDER)
        write_whole(self.batch_file, data, PRIVATE_MODE)

    def ensure_batch(self, data: bytes) -> None:
        """Write the batch file unless it is there with just these bytes."""
        if not self.holds(data):
            self.write_batch(data)

    def holds(self, data: bytes) -> bool:
        """Whether the batch file is there with just these bytes; one that cannot be read is not."""
        return _holds(self.batch_file, data)

    def ensure_published(self, data: bytes) -> None:
        """Write what the batch publishes, unless it is there."""
        path = self.public / DATA_FILE
        if not _holds(path, data):
            make_folder(self.public)
            write_whole(path, data)

    def clear(self) -> None:
        """Remove the five files of a batch, whichever there are; the proof first."""
        self._clear()

    def _clear(self, spared: str = "") -> None:
        for name in (PROOF_FILE, PUBLIC_FILE, DATA_FILE):
            if name != spared:
                remove(self.public / name)
        for name in (META_FILE, BATCH_FILE):
            remove(self.path / PRIVATE_FOLDER / name)

    def read_public(self) -> PublicInput:
        """The public input of the bundle. ArtefactError names what is wrong with the file."""
        path = self.public / PUBLIC_FILE
        try:
            return public_from_json(_read(path, PUBLIC_BYTES_MAX))
        except CodecError as error:
            raise ArtefactError(f"{path}: {error}") from error

    def read_proof(self) -> bytes:
        """The proof of the bundle."""
        return _read(self.public / PROOF_FILE, PROOF_BYTES_MAX)

    def read_published(self) -> PublishedData:
        """What the batch publishes. ArtefactError names what is wrong with the file."""
        path = self.public / DATA_FILE
        try:
            return published_from_bytes(_read(path, DATA_BYTES_MAX))
        except CodecError as error:
            raise ArtefactError(f"{path}: {error}") from error

    def read_meta(self) -> dict[str, Any]:
        """What the prover wrote about the proof."""
        path = self.path / PRIVATE_FOLDER / META_FILE
        try:
            meta = shallow_json.loads(_read(path, META_BYTES_MAX).decode("utf-8"))
        except ValueError as error:
            raise ArtefactError(f"{path}: JSON is wanted") from error
        if not isinstance(meta, dict):
            raise ArtefactError(f"{path}: a JSON object is wanted")
        return meta


@dataclass(frozen=True, slots=True)
class VenueFolder:
    """The files of one venue."""

    root: Path

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.root / PRIVATE_FOLDER / JOURNAL_FILE

    @property
    def store(self) -> Path:
        """The store's file (sequencer.batches.store): its companions begin with its name."""
        return self.root / PRIVATE_FOLDER / STORE_FILE

    def batch(self, number: int) -> BatchFolder:
        """The folder of a batch."""
        return BatchFolder(self.root / BATCHES_FOLDER / f"{number:0{NUMBER_DIGITS}d}")

    def bundles(self) -> list[int]:
        """Numbers of the batches that have a public input here, rising."""
        return sorted(
            int(folder.name)
            for folder in self._batch_folders()
            if (folder / PUBLIC_FOLDER / PUBLIC_FILE).exists()
        )

    def _batch_folders(self) -> Iterator[Path]:
        """Folders of batches, of whatever number: names have at least NUMBER_DIGITS digits."""
        for folder in (self.root / BATCHES_FOLDER).glob("[0-9]*"):
            if folder.name.isdecimal() and len(folder.name) >= NUMBER_DIGITS:
                yield folder

    def lock(self) -> "LockedFolder":
        """Take the folder for one process, before anything in it is touched.

        ArtefactError if another process runs a venue in it.
        """
        make_private_folder(self.root / PRIVATE_FOLDER)
        path = self.root / PRIVATE_FOLDER / LOCK_FILE
        with writing(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace")
            os.close(descriptor)
            detail = f"another process ({holder or 'unknown'}) runs this venue"
            raise ArtefactError(f"{self.root}: {detail}") from None
        with writing(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        return LockedFolder(self.root, descriptor)

    def read_genesis(self) -> Genesis:
        """What the venue started from."""
        path = self.root / GENESIS_FILE
        try:
            return genesis_from_json(_read(path, GENESIS_BYTES_MAX))
        except CodecError as error:
            raise ArtefactError(f"{path}: {error}") from error

    def read_salt_key(self) -> SaltKey:
        """The operator's salt key."""
        path = self.root / PRIVATE_FOLDER / SALT_FILE
        return SaltKey(_read_key(path, KEY_BYTES))

    def read_viewing_keys(self) -> dict[int, Digest]:
        """The viewing keys of the venue's own accounts, as far as they are here. ArtefactError for
        a file that is none."""
        found = {}
        for account, name in OWN_VIEWING_FILES.items():
            path = self.root / PRIVATE_FOLDER / name
            if path.exists():
                found[account] = _read_viewing_key(path)
        return found

    def read_receipt_key(self, signer: bytes) -> AddressKey:
        """The key that signs receipts. ArtefactError if it is not that of the address given."""
        path = self.root / PRIVATE_FOLDER / RECEIPTS_FILE
        try:
            key = AddressKey(_read_key(path, address_key.KEY_BYTES))
        except ValueError as error:
            raise ArtefactError(f"{path}: {error}") from error
        if key.address != signer:
            wanted, came = signer.hex(), key.address.hex()
            raise ArtefactError(f"{path}: the key of address {wanted} is wanted, not of {came}")
        return key


class LockedFolder(VenueFolder, Resource):
    """A venue's folder that this process alone may write, until `close`."""

    __slots__ = ("_descriptor",)
    _descriptor: int

    def __init__(self, root: Path, descriptor: int) -> None:
        super().__init__(root)
        object.__setattr__(self, "_descriptor", descriptor)

    def start(
        self,
        genesis: Genesis,
        salt_material: bytes,
        receipt_material: bytes,
        viewing_keys: Mapping[int, Digest] | None = None,
    ) -> None:
        """Make room for a new venue: an older one's journal, store and batch files under this root
        go, for good before there is another salt key.

        `receipt_material` is the key whose address `genesis` names, `viewing_keys` those of the
        venue's own accounts: what batches publish of one without, everybody can read.
        """
        for folder in self._batch_folders():
            BatchFolder(folder).clear()
        private = self.journal.parent
        stores = private.glob(f"{STORE_FILE}*")
        viewing = {account: private / name for account, name in OWN_VIEWING_FILES.items()}
        torn = private.glob(f"{JOURNAL_FILE}.torn-*")
        for left in (self.journal, *torn, *stores, *viewing.values()):
            remove(left)
        sync_folder(self.journal.parent)
        write_whole(self.root / PRIVATE_FOLDER / SALT_FILE, salt_material, PRIVATE_MODE)
        write_whole(self.root / PRIVATE_FOLDER / RECEIPTS_FILE, receipt_material, PRIVATE_MODE)
        for account, key in (viewing_keys or {}).items():
            write_whole(viewing[account], _viewing_text(key), PRIVATE_MODE)
        write_whole(self.root / GENESIS_FILE, genesis_to_json(genesis).encode("utf-8"))

    def close(self) -> None:
        """Let others have the folder."""
        os.close(self._descriptor)


def _read_key(path: Path, size: int) -> bytes:
    material = _read(path, size)
    if len(material) != size:
        raise ArtefactError(f"{path}: {size} bytes are wanted, {len(material)} came")
    return material


def _read_viewing_key(path: Path) -> Digest:
    """What is wrong with it is said without it."""
    size = 2 * VIEWING_KEY_BYTES
    text = _read(path, size + 1)
    try:
        key = viewing_key_from_bytes(bytes.fromhex(text.decode("ascii")))
    except (ValueError, Rejected):
        key = None
    if key is None or text != _viewing_text(key):
        raise ArtefactError(f"{path}: a viewing key of {size} hex digits and a newline is wanted")
    return key


def _viewing_text(key: Digest) -> bytes:
    return viewing_key_to_bytes(key).hex().encode("ascii") + b"\n"


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file is there with just these bytes; one that cannot be read is not."""
    try:
        return read_bounded(path, len(data)) == data
    except (OSError, FileTooLarge):
        return False


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_bounded(path, limit)
    except FileTooLarge as error:
        raise ArtefactError(str(error)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ArtefactError(f"{path}: {reason}") from error
