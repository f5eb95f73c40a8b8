"""A fresh L1 for each test."""

import pytest

from tests.helpers.l1 import World


@pytest.fixture
def world() -> World:
    return World()
