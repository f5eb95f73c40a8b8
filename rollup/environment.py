"""Variables of the environment that no command option stands for."""


class EnvironmentVariableError(ValueError):
    """A variable holds what its reader cannot use; the message names it, what was wanted and what
    came."""
