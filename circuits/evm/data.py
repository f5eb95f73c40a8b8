"""Data as a contract: its code is one byte that stops, then the data, read by EXTCODECOPY."""

from typing import Final

from rollup.l1.evm.artefact import CODE_BYTES_MAX

DATA_BYTES_MAX: Final = CODE_BYTES_MAX - 1

_STOP: Final = b"\x00"
"""Nobody runs data: a call of it does nothing."""

_RETURN_REST: Final = bytes.fromhex("80600a3d393df3")
"""After a PUSH2 of the size: DUP1 PUSH1 10 RETURNDATASIZE CODECOPY RETURNDATASIZE RETURN. So all
after these ten bytes is the code. RETURNDATASIZE is a zero of one byte."""


def data_code(data: bytes) -> bytes:
    """What deploys the data. ValueError for more than DATA_BYTES_MAX bytes."""
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of data where a contract holds {DATA_BYTES_MAX}")
    code = _STOP + data
    return b"\x61" + len(code).to_bytes(2, "big") + _RETURN_REST + code
