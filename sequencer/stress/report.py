"""The report of a stress test: one HTML file, complete in itself, in light and dark.

It shows what a real venue keeps to itself: open interest, liquidations, the backstop's equity. Here
everybody is simulated.
"""

from collections.abc import Sequence
from html import escape
from itertools import accumulate
from typing import Final

from sequencer.stress import chart
from sequencer.stress.candles import moment
from sequencer.stress.chart import Line
from sequencer.stress.figures import QUANTA, BatchFigures, Figures, Hour, dollars, hours_of, short

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""The file asks nobody for anything."""

STYLE: Final = """
:root { color-scheme: light dark; --back: #fbfbfa; --card: #ffffff; --ink: #1c2024; --soft: #5f6770;
  --rule: #e3e5e8; --s0: #2563b0; --s1: #c2571a; --s2: #2f8a57; --s3: #8c4bb0; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --card: #1c2024; --ink: #e8eaed;
  --soft: #9aa3ad; --rule: #323840; --s0: #6ea8ee; --s1: #f0985c; --s2: #66c48d; --s3: #c592e4; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1160px; padding: 24px 20px 48px; background: var(--back);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 32px 0 8px; }
p { margin: 0 0 8px; color: var(--soft); max-width: 75ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 20px 0; padding: 0; }
.tiles div, figure { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
.tiles div { padding: 12px 14px; } .tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 2px 0 0; font-size: 20px; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr));
  gap: 16px; }
figure { margin: 0; padding: 12px 14px 6px; } figcaption { font-weight: 600; font-size: 14px; }
.legend { float: right; font-weight: 400; font-size: 13px; color: var(--soft); }
.key { margin-left: 12px; } .key::before { content: ""; display: inline-block; width: 10px;
  height: 10px; border-radius: 2px; margin-right: 5px; background: currentColor; }
.key.s0::before { color: var(--s0); } .key.s1::before { color: var(--s1); }
.key.s2::before { color: var(--s2); } .key.s3::before { color: var(--s3); }
svg { width: 100%; height: auto; display: block; } .grid { stroke: var(--rule); }
svg text { fill: var(--soft); font-size: 12px; } .value { text-anchor: end; }
.time { text-anchor: middle; } .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.line.s0 { stroke: var(--s0); } .line.s1 { stroke: var(--s1); } .line.s2 { stroke: var(--s2); }
.line.s3 { stroke: var(--s3); } .bar { fill: var(--s0); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--rule);
  white-space: nowrap; } th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { text-align: left; }
"""


def report_html(figures: Figures) -> str:
    """The whole file, for a run of one batch at least."""
    title = f"Stress test: {', '.join(market.symbol for market in figures.markets)}"
    span = f"{moment(figures.start)} to {moment(figures.batches[-1].time)} UTC"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(span)}. {escape(_how(figures))}</p>"
        f"{_tiles(figures)}<h2>What happened</h2><div class=charts>{_charts(figures)}</div>"
        f"<h2>Hour by hour</h2><div class=wide>{_table(figures)}</div></body></html>\n"
    )


def _how(figures: Figures) -> str:
    names = ", ".join(path.name for path in figures.files)
    judged = (
        "every batch proved, and verified by L1"
        if figures.every_batch_verified
        else "batches judged by the rules, none proved"
    )
    return (
        f"{figures.accounts:,} simulated accounts, seed {figures.seed}, prices from {names}, "
        f"a batch of class {_classes(figures)} every {_minutes(figures.every)}; {judged}. "
        f"The journal gave the same {figures.replayed:,} roots again."
    )


def _classes(figures: Figures) -> str:
    crash = figures.crash_class
    return figures.shape_class if crash is None else f"{figures.shape_class} or {crash}"


def _minutes(count: int) -> str:
    return "minute" if count == 1 else f"{count} minutes, or sooner where prices move fast"


def _tiles(figures: Figures) -> str:
    last = figures.batches[-1]
    found = [
        ("batches", f"{len(figures.batches):,}"),
        ("accounts ever liquidated", f"{figures.total('first_time'):,}"),
        ("liquidations, by batch", f"{figures.total('liquidated'):,}"),
        ("taken by the backstop", f"${dollars(figures.total('taken'))}"),
        ("taken by orders", f"${dollars(figures.total('by_orders'))}"),
        ("positions deleveraged", f"{figures.total('deleveraged'):,}"),
        ("worth of them", f"${dollars(figures.total('closed'))}"),
        ("liquidation fees", f"${dollars(figures.total('liquidation_fees'))}"),
        ("trading fees", f"${dollars(figures.total('fees'))}"),
        ("backstop at the end", f"${dollars(last.backstop)}"),
        ("open interest at the end", f"${dollars(figures.open_value(last))}"),
        ("least equity of anybody", f"${dollars(min(each.least for each in figures.batches))}"),
        ("batches with prices clamped", f"{sum(each.clamped > 0 for each in figures.batches):,}"),
        ("accounts refreshed", f"{figures.total('refreshed'):,}"),
        ("batches that left a step open", f"{figures.open_batches:,}"),
        ("batches of the longest step", f"{figures.longest_open_step:,}"),
    ]
    if figures.crash_class is not None:
        found.append((f"batches of class {figures.crash_class}", f"{figures.crash_batches:,}"))
    if figures.proves:
        proofs = [each.proof for each in figures.batches if each.proof is not None]
        found += [
            ("batches verified", f"{len(proofs):,} of {len(figures.batches):,}"),
            ("seconds of a proof", f"{sum(each.seconds for each in proofs) / len(proofs):,.1f}"),
        ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in found)
    return f"<dl class=tiles>{cells}</dl>"


def _charts(figures: Figures) -> str:
    rows, hours = figures.batches, hours_of(figures)
    times = [row.time for row in rows]
    starts = [hour.start for hour in hours]
    drawn = [
        chart.lines(
            "Oracle prices, in % of the first", times, _prices(figures), _percent, from_zero=False
        ),
        chart.bars(
            "Liquidated accounts an hour",
            starts,
            "accounts",
            [hour.total("liquidated") for hour in hours],
            _count,
        ),
        chart.bars(
            "Positions deleveraged an hour",
            starts,
            "positions",
            [hour.total("deleveraged") for hour in hours],
            _count,
        ),
        chart.lines(
            "Open interest, one side",
            times,
            [_money("open interest", [figures.open_value(row) for row in rows])],
            _dollars,
            from_zero=True,
        ),
        chart.lines(
            "Equity of the backstop",
            times,
            [_money("equity", [row.backstop for row in rows])],
            _dollars,
            from_zero=False,
        ),
        chart.lines("Fees so far", times, _fees(rows), _dollars, from_zero=True),
        _per_batch("Accounts refreshed in a batch", times, "accounts", [r.refreshed for r in rows]),
        _per_batch("Batches that a step has lasted", times, "batches", figures.step_lengths),
        _seconds(figures, times),
    ]
    return "".join(drawn)


def _per_batch(title: str, times: Sequence[int], name: str, values: Sequence[int]) -> str:
    return chart.lines(title, times, [Line(name, values)], _count, from_zero=True)


def _seconds(figures: Figures, times: Sequence[int]) -> str:
    """Of proofs, where there are any; else of sequencing."""
    if not figures.every_batch_verified:
        values = [row.seconds for row in figures.batches]
        name = "Seconds of a batch, from envelopes to its file"
        return chart.lines(name, times, [Line("seconds", values)], _plain, from_zero=True)
    values = [row.proof.seconds for row in figures.batches if row.proof is not None]
    name = "Seconds of a proof"
    return chart.lines(name, times, [Line("seconds", values)], _plain, from_zero=True)


def _prices(figures: Figures) -> list[Line]:
    first = figures.batches[0].prices
    return [
        Line(market.symbol, [100 * row.prices[place] / first[place] for row in figures.batches])
        for place, market in enumerate(figures.markets)
    ]


def _fees(rows: Sequence[BatchFigures]) -> list[Line]:
    return [
        _money("liquidations", list(accumulate(row.liquidation_fees for row in rows))),
        _money("trades", list(accumulate(row.fees for row in rows))),
    ]


def _money(name: str, quanta: Sequence[int]) -> Line:
    return Line(name, [value / QUANTA for value in quanta])


def _table(figures: Figures) -> str:
    heads = [
        "hour",
        *(market.symbol for market in figures.markets),
        "batches",
        "fills",
        "liquidated",
        "taken $",
        "deleveraged $",
        "liquidation fees $",
        "fees $",
        "backstop $",
        "open interest $",
        "due at its end",
    ]
    heads += ["proving s"] if figures.proves else []
    rows = "".join(_row(figures, hour) for hour in hours_of(figures))
    cells = "".join(f"<th>{escape(head)}</th>" for head in heads)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _row(figures: Figures, hour: Hour) -> str:
    last = hour.rows[-1]
    prices = [
        f"{price / 10**market.price_decimals:,.2f}"
        for market, price in zip(figures.markets, last.prices, strict=True)
    ]
    money = [
        hour.total("taken"),
        hour.total("closed"),
        hour.total("liquidation_fees"),
        hour.total("fees"),
        last.backstop,
        figures.open_value(last),
    ]
    counts = [len(hour.rows), hour.total("fills"), hour.total("liquidated")]
    cells = [
        moment(hour.start),
        *prices,
        *(f"{count:,}" for count in counts),
        *map(dollars, money),
        f"{last.due:,}",
    ]
    cells += [f"{hour.proving:,.1f}"] if figures.proves else []
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _percent(value: float) -> str:
    return f"{value:g} %"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _plain(value: float) -> str:
    return f"{value:g}"


def _dollars(value: float) -> str:
    return f"${short(value)}"
