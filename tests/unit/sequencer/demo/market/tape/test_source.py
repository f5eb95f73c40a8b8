"""Files as they lie about: packed or not, damaged, swollen, or of another kind altogether."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sequencer.demo.market.tape import source
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.market.tape.tape import open_tape
from tests.helpers.feeds import START_MS, bar, gzipped, table, ticker, trade, written, zipped

FRAMES = (ticker("50000.00", "50000.10"), trade(), trade(START_MS + 1, X="NA"))
ROWS = table([bar(START_MS, ("1.5", "2", "1", "1.2"), "10", "5", 60_000)])


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PAR1", "Parquet"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"\xfd7zXZ\x00", "XZ"),
        (b"BZh9", "bzip2"),
        (b"\x00\x01\x02", "binary data"),
    ],
)
@pytest.mark.parametrize("pack", [written, gzipped])
def test_another_kind_of_file_is_told_by_its_first_bytes_and_refused_in_one_line(
    tmp_path: Path, head: bytes, kind: str, pack: object
) -> None:
    path = pack(tmp_path / "BTCUSDT-1m.csv", head + b"\x00" * 50)  # type: ignore[operator]
    with pytest.raises(TapeError) as caught:
        open_tape(path)
    assert caught.value.detail == (
        f"{kind} is not read; wanted: recorded frames or Binance aggTrades/klines as CSV, "
        ".gz or .zip"
    )


def test_text_that_is_no_feed_is_refused(tmp_path: Path) -> None:
    for text in (b"hello\n", b"{}\n", b"\n"):
        with pytest.raises(TapeError, match="this is not read; wanted: recorded frames"):
            open_tape(written(tmp_path / "feed", text))


def test_a_file_that_is_missing_or_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="No such file"):
        open_tape(tmp_path / "missing.gz")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(TapeError, match="a regular file is wanted"):
            open_tape(path)


def test_a_damaged_gzip_file_is_an_error_and_no_cut_line(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(FRAMES))
    with pytest.raises(TapeError, match="damaged"):
        open_tape(written(tmp_path / "cut.gz", whole[:-5]))
    with pytest.raises(TapeError):
        open_tape(written(tmp_path / "bad.gz", whole[:20] + b"\xff\xff\xff" + whole[23:]))


def test_a_zip_archive_holds_one_plain_member(tmp_path: Path) -> None:
    name = "BTCUSDT-1m.csv"
    two = zipped(tmp_path / "two.zip", (name, ROWS), ("b.csv", ROWS))
    with pytest.raises(TapeError, match="of one file is wanted, not of 2"):
        open_tape(two)
    with pytest.raises(TapeError, match="of one file is wanted, not of 0"):
        open_tape(zipped(tmp_path / "none.zip"))
    with pytest.raises(TapeError, match="stored or deflated"):
        open_tape(zipped(tmp_path / "lzma.zip", (name, ROWS), kind=zipfile.ZIP_LZMA))
    nested = zipped(tmp_path / "nested.zip", (name, gzip.compress(ROWS)))
    with pytest.raises(TapeError, match="An archive inside an archive is not read"):
        open_tape(nested)
    whole = zipped(tmp_path / "whole.zip", (name, ROWS)).read_bytes()
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(TapeError, match="encrypted"):
        open_tape(written(tmp_path / "locked.zip", bytes(locked)))
    assert len(list(open_tape(tmp_path / "whole.zip").trades())) == 4


@pytest.mark.parametrize("pack", [gzipped, lambda path, *data: zipped(path, ("A", b"".join(data)))])
def test_an_archive_that_swells_beyond_the_limit_is_refused(
    tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "CONTENT_BYTES_MAX", 3 << 20)
    line = trade(X="NA")
    path = pack(tmp_path / "bomb", line * ((4 << 20) // len(line)))  # type: ignore[operator]
    assert path.stat().st_size < 100_000
    with pytest.raises(TapeError, match="at most 3 MiB of content are read"):
        open_tape(path)


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="a line below 1048576 bytes"):
        open_tape(gzipped(tmp_path / "long.gz", b"1 " + b"[" * (1 << 21)))


def _zip_bytes(name: str = "BTCUSDT-1m.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), ROWS, zipfile.ZIP_DEFLATED)
    return file.getvalue()


SEEDS = (b"".join(FRAMES), gzip.compress(b"".join(FRAMES)), ROWS, _zip_bytes())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good file with some bytes replaced, removed or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=200), mutated()))
@example(b"PK\x05\x06")
@example(_zip_bytes(name=""))
@example(b"\x1f\x8b")
@example(b'1 {"e":"trade","T":' + b"9" * 5000 + b"}\n2 {}\n")
@example(b"1," * 6 + "²".encode() + b"\n")
def test_whatever_bytes_a_file_holds_it_is_a_tape_or_a_tape_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "BTCUSDT.feed", data)
    try:
        for wanted in open_tape(path).trades():
            assert wanted.time > 0 and wanted.price > 0 and wanted.size > 0 and wanted.mid > 0
    except TapeError as error:
        assert str(error).startswith(str(path))
