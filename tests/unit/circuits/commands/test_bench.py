"""The benchmark: what it measures, and what it does not."""

import pytest

from circuits.commands.bench import measure
from circuits.commands.text import bench_text
from circuits.stark.parameters import INSECURE_TEST
from rollup.native.memory import MemoryMode


@pytest.mark.parametrize("memory", [MemoryMode.AUTO, MemoryMode.LOW])
def test_the_first_proof_is_not_measured(memory: MemoryMode) -> None:
    said: list[str] = []
    record = measure(INSECURE_TEST, 1 << 10, 2, said.append, memory=memory)
    assert said[0] == "warming up ..."
    assert [line.partition(":")[0] for line in said[1:]] == ["run 1 of 2", "run 2 of 2"]
    assert record["rows"] == 1 << 10 and record["memory"] == memory.value
    assert f"{record['peak_mib']:,} MiB at most" in bench_text(record)
