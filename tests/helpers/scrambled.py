"""Ways to spoil bytes, each drawn at random: what comes out may rarely be what went in."""

from random import Random

from rollup.field.koalabear import P


def flip(proof: bytes, draw: Random) -> bytes:
    """One bit is another."""
    position = draw.randrange(8 * len(proof))
    changed = bytearray(proof)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def overwrite(proof: bytes, draw: Random) -> bytes:
    """Four bytes hold a canonical word, at p, or the largest integer."""
    at = draw.randrange(len(proof) - 4)
    word = draw.choice([draw.randrange(P), 0, P, 2**32 - 1])
    return proof[:at] + word.to_bytes(4, "little") + proof[at + 4 :]


def exchange(proof: bytes, draw: Random) -> bytes:
    """Two pieces of one length change places."""
    size = draw.choice([1, 4, 20, 32])
    one, two = sorted(draw.sample(range(0, len(proof) - size, size), 2))
    middle = proof[one + size : two]
    return (
        proof[:one]
        + proof[two : two + size]
        + middle
        + proof[one : one + size]
        + proof[two + size :]
    )


def cut(proof: bytes, draw: Random) -> bytes:
    """Some bytes are missing at the end, in the middle or in front, or too many."""
    at, size = draw.randrange(len(proof)), draw.choice([1, 4, 20])
    return draw.choice(
        [proof[:at], proof[at:], proof[:at] + proof[at + size :], proof + bytes(size)]
    )


def add_p(proof: bytes, draw: Random) -> bytes:
    """Four bytes, taken as a word, keep their residue and are not canonical."""
    at = draw.randrange(len(proof) - 4)
    word = int.from_bytes(proof[at : at + 4], "little")
    return proof[:at] + ((word + P) % 2**32).to_bytes(4, "little") + proof[at + 4 :]
