"""Keccak-256 as Ethereum uses it (padding 0x01, not SHA-3's 0x06): a thin door to pycryptodome.

A verifier hashes ten thousand short messages, and pycryptodome's own class takes ten times as long
as the hash. So its library is called directly, if it is the one that this file knows; the class is
the way for every other one.
"""

import ctypes
from collections.abc import Callable
from importlib.util import find_spec

DIGEST_BYTES = 32

_CAPACITY_BYTES, _ROUNDS, _PADDING = 64, 24, 0x01
_LIBRARY = "Crypto.Hash._keccak"
_EMPTY = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
"""The digest of no bytes, by which a library is known."""

Hash = Callable[[bytes], bytes]


def keccak_by_class() -> Hash:
    """The hash by pycryptodome's class."""
    from Crypto.Hash import keccak  # noqa: PLC0415  # cffi and a parser of C come with it

    def digest(message: bytes) -> bytes:
        """The 32-byte Keccak-256 digest of a message."""
        return keccak.new(digest_bits=8 * DIGEST_BYTES, data=message).digest()

    return digest


def keccak_by_library() -> Hash:
    """The hash by pycryptodome's library. OSError or AttributeError if it is another one.

    A state that is in use is on no list: another thread, or a handler of a signal, makes its own.
    """
    found = find_spec(_LIBRARY)
    if found is None or found.origin is None:
        raise OSError(f"{_LIBRARY} is not there")
    library = ctypes.PyDLL(found.origin)  # a short hash is not worth letting go of the interpreter
    initiate, reset = library.keccak_init, library.keccak_reset
    absorb, squeeze = library.keccak_absorb, library.keccak_digest
    pointer, size, byte = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint8
    initiate.argtypes = (ctypes.POINTER(pointer), size, byte)
    reset.argtypes = (pointer,)
    absorb.argtypes = (pointer, ctypes.c_char_p, size)
    squeeze.argtypes = (pointer, pointer, size, byte)
    free: list[tuple[ctypes.c_void_p, ctypes.Array[ctypes.c_char]]] = []

    def digest(message: bytes) -> bytes:
        """The 32-byte Keccak-256 digest of a message."""
        if type(message) is not bytes:
            message = bytes(memoryview(message))
        try:
            own = free.pop()
        except IndexError:
            own = pointer(), ctypes.create_string_buffer(DIGEST_BYTES)
            if initiate(ctypes.byref(own[0]), _CAPACITY_BYTES, _ROUNDS):
                raise MemoryError("no state for a hash") from None
        state, out = own
        failed = reset(state) or absorb(state, message, len(message))
        if failed or squeeze(state, out, DIGEST_BYTES, _PADDING):
            raise RuntimeError(f"{_LIBRARY} refused a message of {len(message)} bytes")
        result = out.raw
        free.append(own)
        return result

    if digest(b"") != _EMPTY:
        raise OSError(f"{_LIBRARY} computes something else")
    return digest


def fastest() -> Hash:
    """The hash by the library, else by the class."""
    try:
        return keccak_by_library()
    except (OSError, AttributeError, RuntimeError):
        return keccak_by_class()


keccak256 = fastest()
