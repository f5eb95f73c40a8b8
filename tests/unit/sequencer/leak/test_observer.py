"""The observer: what it notes comes from published files alone, and both worlds have one story."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from rollup.hash.batched import compress_many
from sequencer.engine import resting
from sequencer.leak import folder as folders
from sequencer.leak.features import ABSENT, FEATURE_NAMES, FEATURES, Noted
from sequencer.leak.folder import observed
from sequencer.leak.observer import Observation, Observer
from sequencer.leak.pairs import PAIRS, Pair
from sequencer.leak.run import Seen, run
from sequencer.leak.sight import Sight
from sequencer.leak.table import noted
from sequencer.leak.told import Notebook, Told, sums_of
from sequencer.mirror.folder import Mirror, MirrorError

ROOT = Path(__file__).resolve().parents[4]

NOISE = {"digests", "leaf-bits", "word-bits", "words", "deposits"}
"""What differs in every run: it is salted or padded, or brings a fresh key."""

HIDDEN = [each for each in PAIRS if each.must_hide]
KNOWN = [each for each in PAIRS if not each.must_hide]
BY_NAME = {each.name: each for each in PAIRS}


def observations(seen: Seen) -> tuple[Observation, ...]:
    return Observer(seen.genesis, compress_many).see_all(seen.sights)


def notes(pair: Pair, world: int, seed: int = 1) -> dict[str, Noted]:
    return noted(FEATURES, observations(run(pair.worlds[world], seed)))


def differing(pair: Pair) -> set[str]:
    """Features of which two runs note different things, one of each world."""
    one, other = notes(pair, 0, 1), notes(pair, 1, 2)
    return {name.partition("@")[0] for name in one if one[name] != other[name]}


def written(seen: Seen, root: Path) -> Path:
    """Only what is published, as a folder."""
    mirror = Mirror(root)
    mirror.begin(seen.genesis)
    for number, sight in enumerate(seen.sights, 1):
        assert sight.data is not None
        mirror.keep(number, sight.public, sight.data)
    return root


def told(seen: Seen) -> list[Told]:
    notebook = Notebook(seen.genesis)
    return [notebook.note(each) for each in observations(seen)]


@pytest.mark.parametrize("pair", HIDDEN, ids=lambda pair: pair.name)
def test_worlds_that_must_look_alike_differ_in_noise_alone(pair: Pair) -> None:
    assert differing(pair) <= NOISE


@pytest.mark.parametrize("pair", KNOWN, ids=lambda pair: pair.name)
def test_other_worlds_differ_in_what_is_known_and_in_noise(pair: Pair) -> None:
    found = differing(pair)
    assert pair.known - NOISE <= found <= pair.known | NOISE


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_both_worlds_have_one_public_story(pair: Pair) -> None:
    """Same markets, deposits, prices, times and withdrawals: all that a pair may not differ in."""
    story = {"interval", "prices", "missing", "custody", "withdrawals", "redo", "class"}
    assert not differing(pair) & story
    assert len(pair.worlds[0].story) == len(pair.worlds[0].behaviour)
    assert pair.known <= set(FEATURE_NAMES)


def test_a_run_is_its_seeds_and_no_two_seeds_share_a_word() -> None:
    world = BY_NAME["side"].worlds[0]
    first, again, other = (run(world, seed) for seed in (3, 3, 4))
    assert first == again
    for one, two in zip(observations(first), observations(other), strict=True):
        words = [{word for leaf in each.leaves for word in leaf.words} for each in (one, two)]
        assert not words[0] & words[1]


def test_only_published_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with nothing else in it gives what the run itself gave, and no other file is
    opened where there are some."""
    seen = run(BY_NAME["active"].worlds[0], 5)
    root = written(seen, tmp_path / "mirror")
    private = root / "batches" / "000001" / "private"
    alone = list(observed(Mirror(root), Observer(Mirror(root).genesis(), compress_many)))
    assert alone == list(observations(seen))
    for path in (root / "private" / "salt.key", private / "batch.msgpack", private / "meta.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"never read")
    opened: list[Path] = []
    reader = folders.read_bounded
    monkeypatch.setattr(
        folders, "read_bounded", lambda path, limit: opened.append(path) or reader(path, limit)
    )
    assert list(observed(Mirror(root), Observer(seen.genesis, compress_many))) == alone
    assert {path.name for path in opened} == {"public.json", "data.bin"}
    assert {path.parent.name for path in opened} == {"public"}


def test_a_missing_file_is_noted_as_absent(tmp_path: Path) -> None:
    seen = run(BY_NAME["side"].worlds[0], 6)
    root = written(seen, tmp_path / "mirror")
    place = Mirror(root).place(2)
    (place / "data.bin").unlink()
    (place / "proof.bin").write_bytes(bytes(777))
    each = list(observed(Mirror(root), Observer(seen.genesis, compress_many)))[1]
    found = noted(FEATURES, [each])
    assert (found["data-bytes@2"], found["proof-bytes@2"]) == (ABSENT, 777)
    assert (found["accounts@2"], found["leaves@2"]) == ((), 0)


def test_a_gap_a_wrong_number_and_bad_bytes_are_named(tmp_path: Path) -> None:
    seen = run(BY_NAME["side"].worlds[0], 7)

    def refusal(root: Path) -> str:
        with pytest.raises(MirrorError) as caught:
            list(observed(Mirror(root), Observer(seen.genesis, compress_many)))
        return str(caught.value)

    assert "no batch" in refusal(tmp_path)
    gap = written(seen, tmp_path / "gap")
    shutil.rmtree(Mirror(gap).place(2))
    assert "batch 2 is wanted, 3 is next" in refusal(gap)
    doubled = written(seen, tmp_path / "doubled")
    shutil.copy(Mirror(doubled).place(1) / "public.json", Mirror(doubled).place(2) / "public.json")
    assert "the public input is of batch 1" in refusal(doubled)
    cut = written(seen, tmp_path / "cut")
    (Mirror(cut).place(3) / "data.bin").write_bytes(b"crypsis")
    assert "000003" in refusal(cut)


def test_an_observer_reads_whoever_kept_the_viewing_key_and_nobody_else() -> None:
    pair = BY_NAME["side, key untold"]
    sides = []
    for world in pair.worlds:
        first, second, third = observations(run(world, 8))
        assert [set(each.clear) for each in (first, second, third)] == [{1}, {1}, {1}]
        assert first.clear[1].cash == 100_000 * 10**6
        sides.append(second.clear[1].positions.held)
    assert sides == [((0, 1_000),), ((0, -1_000),)]
    assert all(not each.clear for each in observations(run(BY_NAME["side"].worlds[0], 8)))


def test_a_pad_that_comes_twice_is_seen() -> None:
    """The lie of an operator that publishes the leaf of the batch before once more."""
    seen = run(BY_NAME["side"].worlds[0], 9)
    observer = Observer(seen.genesis, compress_many)
    *_, last = seen.sights
    honest = observer.see_all(seen.sights)
    assert [each.repeated for each in honest] == [0, 0, 0]
    again = observer.see(Sight(last.public, last.data, None))
    assert again.repeated == sum(len(each.words) for each in again.leaves)


def test_bytes_that_are_no_public_input_are_refused() -> None:
    seen = run(BY_NAME["side"].worlds[0], 9)
    with pytest.raises(CodecError):
        Observer(seen.genesis, compress_many).see(Sight(b"{}", None, None))


def test_features_have_names_of_their_own_and_sentences() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURES)
    assert all(each.tells.endswith(".") and "@" not in each.name for each in FEATURES)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that opens no decoys."""
    monkeypatch.setattr(resting, "open_decoys", lambda *_: None)


@pytest.mark.parametrize(
    "name", ["payer", "turn, in a market they hold", "active, in a market they hold"]
)
def test_without_decoys_it_is_told_who_acts(name: str, bare: None) -> None:
    assert "accounts" in differing(BY_NAME[name])


def test_with_decoys_a_batch_names_nobody() -> None:
    batches = told(run(BY_NAME["payer"].worlds[1], 10))
    assert [list(each.accounts) for each in batches] == [[1, 2, 3, 4]] * 3
    assert not any(each.pair or each.backstop for each in batches)
    assert batches[2].sources == ((3, 4),) and sums_of(batches).attributed == 0


def test_what_a_run_told_is_counted(bare: None) -> None:
    batches = told(run(BY_NAME["payer"].worlds[1], 10))
    first, second, third = batches
    assert first.accounts == {1: 0, 2: 0, 3: 0, 4: 0} and first.entries == 5 and not first.backstop
    assert (second.accounts, second.opened, second.pair) == ({1: 1, 2: 1}, (1, 2), True)
    assert (third.accounts, third.withdrawals, third.sources) == ({4: 0}, 1, ((4,),))
    sums = sums_of(batches)
    assert (sums.batches, sums.pairs, sums.opened, sums.given_up) == (3, 1, 2, 0)
    assert (sums.withdrawals, sums.attributed, sums.backstop, sums.quiet) == (1, 1, 0, 1)
    assert sums.seen == {1: 2, 2: 2, 3: 1, 4: 2} and not sums.open_steps and not sums.clear


def test_who_is_liquidated_and_who_gives_up_a_position_is_told(bare: None) -> None:
    *_, fallen = told(run(BY_NAME["side, price falls"].worlds[0], 11))
    assert (list(fallen.accounts), fallen.backstop, fallen.pair) == ([1], True, False)
    *_, flat = told(run(BY_NAME["closed out"].worlds[0], 11))
    assert flat.given_up == (1, 2)


def test_an_open_step_tells_how_many_accounts_its_batches_opened() -> None:
    first, second, third = told(run(BY_NAME["side"].worlds[0], 12))
    opening = replace(first, closed=False)
    going_on = replace(second, begins_open=True, closed=False)
    closing = replace(third, begins_open=True, accounts={7: 1})
    sums = sums_of([opening, going_on, closing, second])
    assert sums.open_steps == ((3, 5),)
    assert sums_of([second, opening]).open_steps == ((1, 4),)
    assert not sums_of([first, second, third]).open_steps


def test_the_page_lists_every_feature_and_every_pair() -> None:
    page = (ROOT / "docs" / "spec" / "26-leaks.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`([a-z-]+)`", cell)]
    assert sorted(named) == sorted(FEATURE_NAMES)
    measured = [cell for cell in first_cells if cell in BY_NAME]
    assert measured == [each.name for each in PAIRS]
