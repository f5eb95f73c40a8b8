"""What is written is read back, and nothing else is read."""

from dataclasses import dataclass
from enum import Enum

import pytest

from rollup.codec import forms
from rollup.codec.fields import Node
from rollup.codec.forms import FLAG, INTEGER, WHOLE, Form
from rollup.codec.strict import CodecError, Value


class Colour(Enum):
    RED = "r"
    BLUE = "b"


@dataclass(frozen=True)
class Pair:
    one: int
    two: bytes


@dataclass(frozen=True)
class Single:
    one: int


PAIR = forms.record(Pair, one=INTEGER, two=forms.fixed(2))
KINDS = forms.union(pair=(Pair, PAIR), single=(Single, forms.record(Single, one=WHOLE)))
MAP = forms.pairs(forms.hexadecimal(4), WHOLE, 3)


@pytest.mark.parametrize(
    ("form", "value", "written"),
    [
        (INTEGER, -7, -7),
        (FLAG, True, True),
        (WHOLE, 2**70, str(2**70)),
        (WHOLE, -5, "-5"),
        (forms.hexadecimal(4), b"\x0a", "0a"),
        (forms.fixed(2), b"\x0a\xff", "0aff"),
        (forms.choice(Colour), Colour.BLUE, "blue"),
        (forms.optional(INTEGER), None, None),
        (forms.optional(INTEGER), 3, 3),
        (forms.many(INTEGER, 2), (1, 2), [1, 2]),
        (PAIR, Pair(1, b"ab"), {"one": 1, "two": "6162"}),
        (KINDS, Single(3), ["single", {"one": "3"}]),
        (MAP, {b"\2": 5, b"\1": 6}, [["01", "6"], ["02", "5"]]),
    ],
)
def test_a_value_is_written_one_way_and_read_back(
    form: Form[object], value: object, written: Value
) -> None:
    assert form.write(value) == written
    assert form.read(Node(written, "x")) == value


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (WHOLE, 5),
        (WHOLE, "05"),
        (WHOLE, "-0"),
        (WHOLE, "+5"),
        (WHOLE, "5.0"),
        (WHOLE, ""),
        (WHOLE, "-"),
        (WHOLE, "٣"),
        (WHOLE, "1" * 41),
        (INTEGER, 1.0),
        (INTEGER, True),
        (forms.hexadecimal(4), "0A"),
        (forms.hexadecimal(4), "0a "),
        (forms.hexadecimal(4), "0"),
        (forms.hexadecimal(4), "00" * 5),
        (forms.fixed(2), "00"),
        (forms.choice(Colour), "RED"),
        (forms.choice(Colour), "green"),
        (forms.many(INTEGER, 2), [1, 2, 3]),
        (PAIR, {"one": 1}),
        (PAIR, {"one": 1, "two": "6162", "three": 3}),
        (KINDS, ["other", {}]),
        (KINDS, ["single"]),
        (MAP, [["01", "6"], ["01", "6"]]),
        (MAP, {"01": "6"}),
    ],
)
def test_anything_else_is_refused_and_the_place_is_named(
    form: Form[object], written: object
) -> None:
    with pytest.raises(CodecError, match=r"^x"):
        form.read(Node(written, "x"))
