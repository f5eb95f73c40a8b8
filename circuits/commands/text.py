"""What the commands of the proof system print: costs, bits, figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from textwrap import wrap
from typing import Any

from circuits.commands.costs import ClassBytes, ClassCosts
from circuits.soundness.report import Evaluation, Report, round_down
from circuits.stark.parameters import PARAMETER_SETS, Parameters
from circuits.stark.report import report_for
from circuits.stark.shape import Shape
from circuits.stark.stacks import ELEMENT_BYTES, WORD_BYTES, Phase

TABLES_WIDTH = 20
"""Columns for the names of tables of one height, so that a line fits a terminal of 80."""


def execution_text(record: Mapping[str, Any]) -> str:
    """The result of `execute`."""
    return (
        f"batch {record['batch']}: {record['deposits']} deposits, {record['orders']} orders, "
        f"{record['fills']} fills, {record['accounts']} accounts; every claim holds\n"
        f"root {record['old_root']}\n  -> {record['new_root']}"
    )


def failures_text(record: Mapping[str, Any]) -> str:
    """What `execute` says of a witness that breaks claims."""
    lines = [f"{each['claim']} ({each['table']} row {each['row']})" for each in record["failures"]]
    return "claims that do not hold: " + ", ".join(lines)


def bench_text(record: Mapping[str, Any]) -> str:
    """The result of `prover bench`."""
    phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in record["phases_s"].items())
    text = (
        f"{record['rows']} Poseidon rows at {record['parameter_set']}: {record['best_s']:.2f} s "
        f"best, {record['median_s']:.2f} s median, {record['cpu_s']:.2f} CPU-seconds, "
        f"{record['peak_mib']:,} MiB at most\n"
        f"{record['rows_per_second']} rows a second; seconds by phase: {phases}\n"
        f"proof {record['proof_bytes'] / 1024:.0f} KiB, verified in {record['verify_ms']} ms"
    )
    return text if "profile" not in record else f"{text}\n{profile_text(record['profile'])}"


def profile_text(record: Mapping[str, Any]) -> str:
    """The account for people: the largest gap is where the CPU-seconds exceed the floor most."""
    lines = [
        f"{'phase':<10}{'wall s':>8}{'CPU s':>8}{'system':>8}{'M products':>12}{'M hashes':>10}"
        f"{'MiB moved':>11}{'floor s':>9}{'CPU/floor':>11}{'gap s':>8}"
    ]
    for name, phase in record["phases"].items():
        floor = phase["floor_s"]
        lines.append(
            f"{name:<10}{phase['wall_s']:>8.3f}{phase['cpu_s']:>8.3f}{phase['system_s']:>8.3f}"
            f"{phase['products'] / 1e6:>12,.0f}{phase['permutations'] / 1e6:>10.2f}"
            f"{phase['bytes'] / 2**20:>11,.0f}{floor:>9.3f}{phase['cpu_s'] / floor:>10.1f}x"
            f"{phase['cpu_s'] - floor:>8.3f}"
        )
    lines.append(
        f"one core here: {record['products_per_cpu_second'] / 1e9:.2f} G products/s, "
        f"{record['permutations_per_cpu_second'] / 1e6:.1f} M hashes/s, "
        f"{record['bytes_per_cpu_second'] / 2**30:.1f} GiB/s"
    )
    return "\n".join(lines)


def cost_record(shape: Shape) -> dict[str, object]:
    """What tables of one height have and cost together. Columns are of the base field, those of
    masks included."""
    groups = {
        group.name: {
            "height": group.height,
            "fixed_columns": group.widths[Phase.FIXED],
            "main_columns": group.widths[Phase.MAIN],
            "lookup_columns": group.widths[Phase.LOOKUP],
            "constraints": group.constraints,
            "messages": len(group.tape.messages),
            "cells": group.height * (group.widths[Phase.MAIN] + group.widths[Phase.LOOKUP]),
        }
        for group in reversed(shape.groups)
    }
    return {"cells": report_for(shape).cells, "groups": groups}


def parameters_record(parameters: Parameters) -> dict[str, object]:
    """What a parameter set is: all that trades bits, bytes and seconds."""
    return {
        "queries": parameters.queries,
        "rate": f"1/{parameters.blowup}",
        "grinding_query_bits": parameters.grinding_query,
        "grinding_batch_bits": parameters.grinding_batch,
        "grinding_fold_bits": parameters.grinding_fold,
        "blinded_rows": parameters.blinded_rows,
        "salt_bytes": parameters.salt_bytes,
        "digest_bytes": parameters.digest_bytes,
    }


def info_text(digest: str, shape: Shape, reports: Sequence[Report]) -> str:
    """Tables and cells and, for every set, its parameters and bits by term, for people."""
    costs: dict[str, Any] = cost_record(shape)
    heads = ("height", "fixed", "main", "lookup", "constraints", "messages", "cells")
    lines = [f"circuit {digest}", "", _table_line("tables", heads)]
    for name, record in costs["groups"].items():
        *others, last = wrap(name.replace("+", " "), TABLES_WIDTH)
        lines += [*others, _table_line(last, [f"{value:,}" for value in record.values()])]
    lines += [f"committed cells of a proof, quotient included: {costs['cells']:,}", ""]
    return "\n".join([*lines, *_parameters_lines(), "", *_bits_lines(reports)])


def _table_line(names: str, cells: Iterable[str]) -> str:
    widths = (9, 6, 6, 7, 12, 9, 11)
    row = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{names:<{TABLES_WIDTH}}{row}"


def _parameters_lines() -> list[str]:
    """Every set a column."""
    records = [parameters_record(each) for each in PARAMETER_SETS.values()]
    lines = [_line("parameters", 20, PARAMETER_SETS, 15)]
    for name in records[0]:
        values = [str(record[name]) for record in records]
        lines.append(_line(name.replace("_", " "), 20, values, 15))
    return lines


def _bits_lines(reports: Sequence[Report]) -> list[str]:
    """Bits by term, each set a column, by the bound that counts and by the other."""
    bounds = " / ".join(each.bound for each in reports[0].evaluations)
    lines = [f"bits by {bounds}:", _line("", 20, [each.parameter_set for each in reports], 15)]

    def add(name: str, bits: Callable[[Evaluation], float]) -> None:
        by_set = [[round_down(bits(each)) for each in report.evaluations] for report in reports]
        cells = [" / ".join(f"{each:5.1f}" for each in evaluations) for evaluations in by_set]
        lines.append(_line(name, 20, cells, 15))

    for term in reports[0].proven.terms:
        add(term.name, partial(Evaluation.bits_of, name=term.name))
    add("weakest", attrgetter("bits"))
    add("all rounds together", attrgetter("total_bits"))
    proven = ", ".join(f"{each.parameter_set} {round_down(each.bits)}" for each in reports)
    return [*lines, f"proven bits: {proven}"]


def transactions_text(cells: Mapping[str, Mapping[str, int]]) -> str:
    """Cells of each transaction type."""
    lines = [f"{'transaction':<24}{'cells':>12}  of them"]
    for kind, tables in cells.items():
        of_them = ", ".join(f"{name} {count:,}" for name, count in tables.items())
        lines.append(f"{kind:<24}{sum(tables.values()):>12,}  {of_them}")
    return "\n".join(lines)


def classes_text(costs: Sequence[ClassCosts]) -> str:
    """Cells by table, each shape class a column, with the share of the whole."""
    lines = _parts_by_class("table: cells", costs)
    lines.append(_line("a trade", 20, [f"{e.cells_per_trade:,} {'':>6}" for e in costs], 20))
    return "\n".join(lines)


def class_bytes_text(parameters: Parameters, found: Sequence[ClassBytes]) -> str:
    """Bytes of a proof by table, each shape class a column, and what a column of a table costs."""
    row = WORD_BYTES * parameters.queries
    note = (
        f"At `{parameters.name}` a main column of the tallest table takes {row} bytes in rows, one "
        f"of a table s times shorter {row} / s; and either {ELEMENT_BYTES} for its opened value, "
        f"{ELEMENT_BYTES} more where its stack is read in the row below. Cells are what a prover "
        "pays for, bytes what L1 does."
    )
    return "\n".join([*_parts_by_class("table: bytes", found), *wrap(note, 80)])


def _parts_by_class(head: str, found: Sequence[ClassCosts] | Sequence[ClassBytes]) -> list[str]:
    """Each part a line with its share of the whole, then the whole."""
    totals = [sum(each.parts.values()) for each in found]
    lines = [_line(head, 20, [f"class {each.shape_class.name}" for each in found], 20)]
    for name in found[0].parts:
        counts = zip((each.parts[name] for each in found), totals, strict=True)
        row = [f"{count:,} {count / total:>6.1%}" for count, total in counts]
        lines.append(_line(name, 20, row, 20))
    return [*lines, _line("all", 20, [f"{total:,} {'':>6}" for total in totals], 20)]


def parts_text(parts: Mapping[str, Mapping[str, int]]) -> str:
    """Bytes of a proof by part, each parameter set a column."""
    lines = [_line("bytes of a proof", 32, parts, 12)]
    for name in next(iter(parts.values())):
        lines.append(_line(name, 32, [f"{each[name]:,}" for each in parts.values()], 12))
    sums = [f"{sum(each.values()):,}" for each in parts.values()]
    return "\n".join([*lines, _line("all", 32, sums, 12)])


def _line(first: str, first_width: int, rest: Iterable[str], width: int) -> str:
    return f"{first:<{first_width}}" + "".join(f"{each:>{width}}" for each in rest)
