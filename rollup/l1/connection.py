"""What can go wrong between a caller and an L1 that is not in its process."""


class RemoteError(Exception):
    """L1 could not be asked, or its answer is none."""


class Unreachable(RemoteError):
    """Nobody listens, or the connection broke."""


class NoAnswerInTime(RemoteError):
    """It was asked and did not answer: a call may or may not have happened."""


class RefusedByPeer(RemoteError):
    """It answered something other than a result or a revert."""
