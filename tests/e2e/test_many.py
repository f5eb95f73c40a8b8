"""Several batches in one command: in processes here, and on a cluster."""

import stat
from pathlib import Path

import pytest

from rollup.installed import installed_verifier
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.prover import ProverError
from sequencer.batches.resident import ResidentProver
from tests.helpers.program import Demo, crypsis

OK, USAGE, BAD_INPUT, UNREACHABLE, ROOTS_DIFFER = 0, 2, 3, 4, 7


def assert_proved(folder: Path, demo: Demo) -> None:
    for number in (1, 2):
        bundle = folder / f"{number:06d}"
        assert crypsis("verify", bundle / "public").code == OK
        original = demo.batch(number) / "public" / "public.json"
        assert (bundle / "public" / "public.json").read_bytes() == original.read_bytes()
        private = bundle / "private"
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in private.iterdir()} == {0o600}


def test_a_folder_of_batches_is_proved_by_processes(demo: Demo, tmp_path: Path) -> None:
    batches = demo.batch(1).parent
    done = crypsis("prove", batches, "-o", tmp_path, "--workers", 2, "--json")
    assert done.code == OK, done.stderr
    first, second = done.json["bundles"]
    assert first["new_root"] == second["old_root"]
    assert_proved(tmp_path, demo)


def test_a_cluster_proves_them_as_well(demo: Demo, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        done = crypsis("prove", demo.batch(1).parent, "-o", tmp_path, "--cluster", address)
    assert done.code == OK, done.stderr
    assert_proved(tmp_path, demo)


def test_a_venue_s_prover_has_its_batches_proved_on_a_cluster_and_hears_when_it_goes(
    demo: Demo, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    data = (demo.batch(1) / "private" / "batch.msgpack").read_bytes()
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        ResidentProver("fast", cluster=cluster.scheduler_address) as prover,
    ):
        said: list[str] = []
        public = prover.prove(data, tmp_path / "1", said.append)
        installed_verifier("fast", "S").verify(public, BatchFolder(tmp_path / "1").read_proof())
        assert any("cluster" in line for line in said)
    with (
        ResidentProver("fast", cluster=cluster.scheduler_address) as prover,
        pytest.raises(ProverError, match="no Dask scheduler answers"),
    ):
        prover.prove(data, tmp_path / "2")


def test_what_cannot_be_done_is_said(demo: Demo, tmp_path: Path) -> None:
    files = [demo.batch(number) / "private" / "batch.msgpack" for number in (1, 2)]
    options = ("-o", tmp_path)
    both = crypsis("prove", *files, *options, "--workers", 2, "--cluster", "tcp://127.0.0.1:1")
    assert both.code == USAGE
    twice = crypsis("prove", files[0], files[0], *options)
    assert (twice.code, "does not follow" in twice.stderr) == (ROOTS_DIFFER, True)
    assert crypsis("prove", tmp_path, *options).code == BAD_INPUT
    nobody = crypsis("prove", files[0], *options, "--cluster", "tcp://127.0.0.1:1")
    assert (nobody.code, "no Dask scheduler" in nobody.stderr) == (UNREACHABLE, True)
    assert list(tmp_path.iterdir()) == []
