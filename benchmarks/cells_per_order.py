"""Prints the cells of orders as they are built, and what levels of ADR 0047 would take on top.

Run as a module. What is built, written and simulated: `benchmarks/orders/cells.py`.
"""

from collections.abc import Iterator, Mapping

from benchmarks.orders.book import BOOKS
from benchmarks.orders.cells import fills, level_choices, orders, parts, rows


def lines() -> Iterator[str]:
    """The tables as Markdown."""
    yield from plain("built", parts())
    yield from compared("fill of two orders, with their slots and paths", fills())
    yield from compared("order that comes to rest, with its slot and path", orders())
    yield from plain("a row that is written", rows())
    names = list(level_choices(BOOKS[0]))
    yield f"\n| cells a touched order | {' | '.join(names)} |\n|---|" + "---|" * len(names)
    for book in BOOKS:
        figures = level_choices(book)
        yield f"| {book.name} | " + " | ".join(f"{figures[name]:,.0f}" for name in names) + " |"


def plain(title: str, figures: Mapping[str, float]) -> Iterator[str]:
    """Figures below a title."""
    yield f"\n| {title} | cells |\n|---|---|"
    for name, cells in figures.items():
        yield f"| {name} | {cells:,.1f} |"


def compared(title: str, figures: Mapping[str, float]) -> Iterator[str]:
    """Figures with what they are of the first."""
    first = next(iter(figures.values()))
    yield f"\n| {title} | cells | of the first |\n|---|---|---|"
    for name, cells in figures.items():
        yield f"| {name} | {cells:,.0f} | {cells / first:.2f} |"


if __name__ == "__main__":
    for line in lines():
        print(line)
