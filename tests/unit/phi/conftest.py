from __future__ import annotations

import pytest

from gateway.phi.scan import Scanner


@pytest.fixture(scope="session")
def scanner() -> Scanner:
    return Scanner.load()
