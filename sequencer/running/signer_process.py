"""The development signers of a devnet: `crypsis oracle run` as a process."""

from collections.abc import Callable, Sequence

from sequencer.running.kept_process import KeptProcess


class SignerProcess(KeptProcess):
    """Signers that run: ready once reports are there."""

    words = ("oracle", "run")
    name = "the signers"

    def __init__(self, arguments: Sequence[str], say: Callable[[str], None]) -> None:
        """`arguments` of `crypsis oracle run`."""
        super().__init__(say)
        self._given = tuple(arguments)

    def _arguments(self) -> Sequence[str]:
        return self._given

    def _is_ready(self, record: dict[str, object]) -> bool:
        """Whatever they say but an error comes after their first reports."""
        return "error" not in record
