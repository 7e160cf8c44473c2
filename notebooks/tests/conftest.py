"""Finds the cases that the tests read."""

import os
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent


def find(variable: str, default: str) -> Path:
    folder = Path(os.environ.get(variable, NOTEBOOKS.parent / default)).resolve()
    if not (folder / "case.json").is_file():
        pytest.fail(f"{folder} is no case: cargo xtask test makes one, or set {variable}")
    return folder


@pytest.fixture(scope="session")
def case() -> Path:
    """A case of one host: the folder in AAF_CASE, or `case` beside the notebooks' folder."""
    return find("AAF_CASE", "case")


@pytest.fixture(scope="session")
def fleet() -> Path:
    """A case of several hosts: the folder in AAF_FLEET, or `fleet`."""
    return find("AAF_FLEET", "fleet")


@pytest.fixture(scope="session")
def quiet() -> Path:
    """A case of a text without records: the folder in AAF_QUIET, or `quiet`."""
    return find("AAF_QUIET", "quiet")
