"""The mock L1 of a devnet: `crypsis l1 up` as a process, on its port and its file whenever it is
started again."""

from collections.abc import Callable, Sequence

from sequencer.running.kept_process import KeptProcess


class L1Process(KeptProcess):
    """One mock L1."""

    words = ("l1", "up")
    name = "the mock L1"

    def __init__(self, arguments: Sequence[str], port: int, say: Callable[[str], None]) -> None:
        """`arguments` of `crypsis l1 up`, beside its port; port 0 takes a free one, once."""
        super().__init__(say)
        self._given = tuple(arguments)
        self._port = port
        self.url = ""

    def _arguments(self) -> Sequence[str]:
        return ("--port", str(self._port), *self._given)

    def _is_ready(self, record: dict[str, object]) -> bool:
        """It says where it is."""
        url = record.get("url")
        if not isinstance(url, str):
            return False
        self.url = url
        self._port = int(url.rstrip("/").rpartition(":")[2])
        return True
