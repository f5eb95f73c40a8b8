"""Records that do not show what they hold: not in logs, not in tracebacks, not in test output."""


class Private:
    """A record of private values: its `repr` is its name.

    A dataclass makes a `repr` of its own unless it is told `repr=False`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(private)"
