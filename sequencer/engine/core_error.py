"""What the core raises."""


class CoreError(Exception):
    """A command in the wrong place: a defect of the operator's own code or journal."""
