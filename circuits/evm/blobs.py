"""Data as contracts: STOP, then the data, which other contracts read by EXTCODECOPY."""

from typing import Final

from rollup.l1.evm.artefact import CODE_BYTES_MAX

STOP: Final = b"\x00"
"""First byte of the code: calling a blob does nothing."""

BLOB_BYTES: Final = CODE_BYTES_MAX - len(STOP)
"""Data of one blob at most."""

_RETURN_THE_REST: Final = bytes.fromhex("600b380380600b5f395ff3")
"""Initcode: PUSH1 11, CODESIZE, SUB, DUP1, PUSH1 11, PUSH0, CODECOPY, PUSH0, RETURN."""


def blob_initcode(data: bytes) -> bytes:
    """What deploys a blob of this data; words appended to it are more data.

    ValueError if there is more than a contract holds.
    """
    if len(data) > BLOB_BYTES:
        raise ValueError(f"a blob holds {BLOB_BYTES} bytes, not {len(data)}")
    return _RETURN_THE_REST + STOP + data
