"""Why commands of the proof system end early, apart from what raises it: to catch one of these must
not take the libraries of clusters and processes."""

from rollup.program.exit_codes import ExitCode


class ClusterError(Exception):
    """The cluster cannot be used; `exit_code` tells a wrong address from one without an answer."""

    def __init__(self, detail: str, exit_code: ExitCode = ExitCode.UNREACHABLE) -> None:
        super().__init__(detail)
        self.exit_code = exit_code


class NotProved(Exception):
    """What a worker sent back is no proof of the batch that it was given."""
