"""How many inner nodes a batch opens on the way to what it touches of order books, by simulation.

A list is one side of one market. What is touched: the best levels, which fills empty; levels where
orders come to rest, near the best; and levels that cancels touch, anywhere in the book. Prices are
counted in steps from the best, and the best is anywhere. Trees hold eight levels a leaf unless said
otherwise. The figures are of a random book and not of a venue's: they say how the choices compare.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass

PRICE_STEPS_LOG2 = 22
"""A market ends before its price is 33 times what it was at listing, and a step of prices is at
least a 2^17th of that."""

LEAF_LOG2 = 3
QUEUE_LOG2 = 6
"""Of a tree with a leaf an order: places in the queue of a level."""

NODE_TREE_LOG2 = 20
"""Places of a tree that holds the nodes of linked lists."""


@dataclass(frozen=True, slots=True)
class Book:
    """A list: of the first `span` steps each has a level with this chance; in a batch so many of
    the best are filled, so many orders come to rest at this mean distance, so many are cancelled.
    """

    name: str
    span: int
    occupied: float
    filled: int
    resting: int
    distance: int
    cancelled: int

    @property
    def touched(self) -> int:
        """Orders whose level is touched, at most one a level."""
        return self.filled + self.resting + self.cancelled


BOOKS = (
    Book("busy: 64 touches", 512, 0.6, 16, 32, 24, 16),
    Book("calm: 8 touches", 512, 0.6, 2, 4, 24, 2),
    Book("one fill: 1 touch", 512, 0.6, 1, 0, 24, 0),
    Book("maker: 256 touches, 2 % filled", 512, 0.6, 5, 128, 48, 123),
)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Inner nodes opened for each touched order, a mean over runs; `fresh` of them were or become
    empty, and are hashed once; `edge` is for one sweep of a list, and for all its orders."""

    tree: float
    fresh: float
    edge: float
    leaves: float
    window: float
    linked: float
    by_order: float


def opened(places: Iterable[int], depth: int) -> set[tuple[int, int]]:
    """The inner nodes on the way to these leaves, as (depth, place)."""
    nodes: set[tuple[int, int]] = set()
    level = set(places)
    for at in reversed(range(depth)):
        level = {place >> 1 for place in level}
        nodes |= {(at, place) for place in level}
    return nodes


def measure(book: Book, runs: int = 200, lists: int = 32, seed: int = 12) -> Nodes:
    """Means over `runs` random books of which a venue has `lists`."""
    rng = random.Random(seed)
    found = [_once(book, lists, rng) for _ in range(runs)]
    means = (sum(each) / runs for each in zip(*found, strict=True))
    return Nodes(*means)


def _once(book: Book, lists: int, rng: random.Random) -> tuple[float, ...]:
    best = rng.randrange(1 << 16, 1 << 21)
    levels = [best + k for k in range(book.span) if rng.random() < book.occupied]
    filled = levels[: book.filled]
    rest = [best + int(rng.expovariate(1 / book.distance)) for _ in range(book.resting)]
    cancelled = rng.sample(levels[book.filled :], min(book.cancelled, len(levels) - book.filled))
    touched = {*filled, *rest, *cancelled}
    depth, leaves = PRICE_STEPS_LOG2 - LEAF_LOG2, {place >> LEAF_LOG2 for place in touched}
    after = (set(levels) - set(filled)) | set(rest)
    nodes = opened(leaves, depth)
    both = [opened({p >> LEAF_LOG2 for p in side}, depth) for side in (levels, after)]
    fresh = sum(node not in both[0] or node not in both[1] for node in nodes)
    edge = opened({(filled[-1] if filled else best) >> LEAF_LOG2}, depth) - nodes
    window = opened({place % 1024 >> LEAF_LOG2 for place in touched}, 10 - LEAF_LOG2)
    counts = (len(nodes), fresh, len(edge), len(leaves), len(window), _linked(book, lists, rng))
    return *(count / book.touched for count in counts), _by_order(touched, rng) / book.touched


def _linked(book: Book, lists: int, rng: random.Random) -> float:
    """Nodes of levels that stand where there was room. A level that fills empty comes off the head;
    one that comes or goes elsewhere changes the one before it as well."""
    region = int(lists * book.span * book.occupied)
    touches = book.filled + 2 * (book.resting + book.cancelled)
    places = [rng.randrange(region) for _ in range(touches * lists)]
    return len(opened(places, NODE_TREE_LOG2)) / lists


def _by_order(touched: set[int], rng: random.Random) -> int:
    """A tree with a leaf for each order, by price and place in the queue."""
    places = {(place << QUEUE_LOG2) + rng.randrange(4) for place in touched}
    return len(opened(places, PRICE_STEPS_LOG2 + QUEUE_LOG2))
