"""Why published data is refused, or gives no leaf: one reason for each thing that can be wrong."""

from enum import Enum


class Fault(Enum):
    """What is wrong with published data, or with what is asked of it."""

    NUMBER = "number"
    """The batch, or its data, is not the next one."""

    VENUE = "venue"
    """The batch is of another chain or venue."""

    ROOT = "root"
    """The batch starts from another state root, or from another market book."""

    COMMITMENT = "commitment"
    """The data is not what the public input commits to."""

    LEAVES = "leaves"
    """The accounts with these leaves are not those of the batch's new root."""

    ACCOUNT = "account"
    """No batch published a leaf of the account, or took its registration."""

    HEADER = "header"
    """The header does not go with the published leaf."""

    VIEWING_KEY = "viewing-key"
    """The account's header commits to another viewing key."""


class DataRefused(Exception):
    """Published data, or a question about it, is refused. `fault` is why; `detail` says where and
    what was wanted, and shows nothing of what a viewing key reads."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault
        self.detail = detail
