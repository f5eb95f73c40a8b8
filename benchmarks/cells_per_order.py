"""Prints the figures of ADR 0047: cells of an order today and in the state, for each choice.

Run as a module. What is built, written and simulated: `benchmarks/orders/cells.py`.
"""

from collections.abc import Iterator
from itertools import product

from benchmarks.orders.book import BOOKS
from benchmarks.orders.cells import fills, level_choices, orders, quotes, rows, signatures
from benchmarks.orders.classes import Batch, accounts_cells, best_class


def lines() -> Iterator[str]:
    """The tables as Markdown."""
    yield "| signature | ladder | comb | row | hashes | cells |\n|---|---|---|---|---|---|"
    for each in signatures():
        parts = (each.ladder, each.comb, each.row, each.hashes, each.cells)
        yield f"| {each.name} | " + " | ".join(f"{part:,.0f}" for part in parts) + " |"
    for title, figures in (("order", orders()), ("fill", fills()), ("quote", quotes())):
        first = next(iter(figures.values()))
        yield f"\n| {title} | cells | of the first |\n|---|---|---|"
        for name, cells in figures.items():
            yield f"| {name} | {cells:,.0f} | {cells / first:.2f} |"
    yield "\n| row | cells |\n|---|---|"
    for name, cells in rows().items():
        yield f"| {name} | {cells:,.1f} |"
    names = list(level_choices(BOOKS[0]))
    yield f"\n| cells a touched order | {' | '.join(names)} |\n|---|" + "---|" * len(names)
    for book in BOOKS:
        figures = level_choices(book)
        yield f"| {book.name} | " + " | ".join(f"{figures[name]:,.0f}" for name in names) + " |"
    yield "\n| used cells a trade | now | then | ratio | with accounts | with half as many |"
    yield "|---|---|---|---|---|---|"
    for parts, bundled in product((1, 2, 4, 10), (0, 0.5, 1)):
        yield used_line(Batch(parts, bundled))
    yield from class_lines()


def used_line(batch: Batch) -> str:
    """Cells a trade, without padding."""
    now, then, rest = batch.now(), batch.then(), accounts_cells()
    ratios = ((now + part) / (then + part) for part in (0, rest, rest / 2))
    texts = " | ".join(f"{ratio:.2f} x" for ratio in ratios)
    what = f"{batch.parts} parts, {batch.bundled:.0%} in bundles"
    return f"| {what} | {now:,.0f} | {then:,.0f} | {texts} |"


def class_lines() -> Iterator[str]:
    """What a class of M's height would cost a trade, padding and all."""
    yield "\n| class as high as M | trades today | cells a trade | trades then | cells | ratio |"
    yield "|---|---|---|---|---|---|"
    for accounts, parts, bundled in product((1, 0.5), (1, 2, 4), (0, 0.5, 1)):
        batch = Batch(parts, bundled, accounts)
        (few, now), (many, then) = (best_class(batch, in_state=new) for new in (False, True))
        what = f"{parts} parts, {bundled:.0%} in bundles, {accounts:g} of M's accounts"
        yield f"| {what} | {few} | {now:,.0f} | {many} | {then:,.0f} | {now / then:.2f} x |"


if __name__ == "__main__":
    for line in lines():
        print(line)
