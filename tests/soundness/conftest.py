"""What the tests of lies share."""

import pytest

from tests.helpers.lies import Liar, make_liar


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return make_liar(monkeypatch)
