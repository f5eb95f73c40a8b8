"""The chart of growth as SVG, drawn here: two panels with logarithmic axes, no library."""

from collections.abc import Sequence
from math import ceil, floor, log10

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 760, 330
PANEL = 290
LEFT, TOP, BOTTOM = 60, 50, 60
GAP = 80
LINE = "#1f5f8b"


def chart(by_trades: Points, by_book: Points, book_trades: int) -> str:
    """Seconds over trades of a batch, and over the size of the book."""
    panels = [
        _panel(by_trades, LEFT, "trades", "Seconds to prove a batch, by its trades"),
        _panel(
            by_book,
            LEFT + PANEL + GAP,
            "accounts in the book",
            f"Seconds to prove {book_trades:,} trades, by the book",
        ),
    ]
    style = "font-family='sans-serif' font-size='11' fill='#222'"
    body = "\n".join(panels)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {style}>\n"
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>\n{body}\n</svg>\n"
    )


def _panel(points: Points, left: int, axis: str, title: str) -> str:
    base, floor_y = HEIGHT - BOTTOM, TOP
    x_low, x_high = _decades([x for x, _ in points])
    y_low, y_high = _decades([y for _, y in points])

    def across(value: float) -> float:
        return round(left + PANEL * (log10(value) - x_low) / (x_high - x_low), 1)

    def up(value: float) -> float:
        return round(base - (base - floor_y) * (log10(value) - y_low) / (y_high - y_low), 1)

    parts = [f"<text x='{left}' y='{TOP - 22}' font-size='13'>{title}</text>"]
    for decade in range(x_low, x_high + 1):
        x = across(10**decade)
        parts.append(_line(x, base, x, floor_y))
        parts.append(f"<text x='{x}' y='{base + 18}' text-anchor='middle'>{10**decade:,}</text>")
    for decade in range(y_low, y_high + 1):
        y = up(10.0**decade)
        parts.append(_line(left, y, left + PANEL, y))
        parts.append(f"<text x='{left - 6}' y='{y + 4}' text-anchor='end'>{10.0**decade:g}</text>")
    parts.append(f"<text x='{left + PANEL / 2}' y='{base + 40}' text-anchor='middle'>{axis}</text>")
    path = " ".join(f"{across(x)},{up(y)}" for x, y in points)
    parts.append(f"<polyline points='{path}' fill='none' stroke='{LINE}' stroke-width='2'/>")
    for x, y in points:
        parts.append(f"<circle cx='{across(x)}' cy='{up(y)}' r='3.5' fill='{LINE}'/>")
        label = f"<text x='{across(x)}' y='{up(y) - 9}' text-anchor='middle'>{y:.1f}</text>"
        parts.append(label)
    return "\n".join(parts)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='#ddd'/>"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around the values."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)
