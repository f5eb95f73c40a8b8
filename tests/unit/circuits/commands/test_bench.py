"""The benchmark: what it measures, and what it does not."""

from circuits.commands.bench import measure
from circuits.stark.parameters import INSECURE_TEST


def test_the_first_proof_is_not_measured() -> None:
    said: list[str] = []
    record = measure(INSECURE_TEST, 1 << 10, 2, said.append)
    assert said[0] == "warming up ..."
    assert [line.partition(":")[0] for line in said[1:]] == ["run 1 of 2", "run 2 of 2"]
    assert record["rows"] == 1 << 10
