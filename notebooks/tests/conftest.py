"""Finds the case that the tests read."""

import os
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def case() -> Path:
    """The folder in AAF_CASE, or `case` beside the notebooks' folder."""
    folder = Path(os.environ.get("AAF_CASE", NOTEBOOKS.parent / "case")).resolve()
    if not (folder / "case.json").is_file():
        pytest.fail(f"{folder} is no case: cargo xtask test makes one, or set AAF_CASE")
    return folder
