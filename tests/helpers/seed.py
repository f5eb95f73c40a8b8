"""The seed of a search: SEED of the environment, else a fresh one; said, to run it again."""

import os
from random import Random

VARIABLE = "SEED"
SEED_END = 2**32


def announced_seed(verb: str) -> int:
    """The seed, printed with the command that repeats the search. ValueError if SEED is none."""
    seed = _asked() if os.environ.get(VARIABLE) else int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}: again with `make {verb} {VARIABLE}={seed}`", flush=True)
    return seed


def draws(fixed: int) -> Random:
    """Where a test draws from: always the same, but within a search from the search's seed."""
    return Random(f"{_asked()}: {fixed}" if os.environ.get(VARIABLE) else fixed)


def _asked() -> int:
    text = os.environ[VARIABLE]
    if not (text.isascii() and text.isdigit() and int(text) < SEED_END):
        raise ValueError(f"{VARIABLE} is a number from 0 to {SEED_END - 1}, not {text!r}")
    return int(text)
