"""Every notebook runs on each case, fails on one that contradicts itself, and is kept without outputs."""

import os
import shutil
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

# What is done to a table of the case of several hosts, and what the notebook must say of it.
CONTRADICTIONS = {
    "01-incident.ipynb": ("incidents", lambda t: t.with_columns(result=pl.lit("")), "leaves an answer open"),
    "02-timelines.ipynb": ("timelines", lambda t: t.slice(1), "of them in timelines"),
    "03-fleet.ipynb": ("events", lambda t: t.filter(pl.col("host") == "bus04"), "more hosts than there are"),
    "04-integrity.ipynb": ("sightings", lambda t: t.filter(pl.col("role") != "record"), "no line shows"),
    "05-hardening.ipynb": ("lint", lambda t: t.with_columns(next_step=pl.lit(None, dtype=pl.String)), "no finding shows"),
}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def path(request):
    return request.param


def run(path, case, monkeypatch):
    monkeypatch.setenv("AAF_CASE", str(case))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    if keep := os.environ.get("AAF_EXECUTED"):
        nbformat.write(notebook, Path(keep) / f"{case.name}-{path.name}")
    return notebook


def charts(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data["image/svg+xml"] for output in outputs if "image/svg+xml" in output.get("data", {})]


def test_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None, cell.source


@pytest.mark.parametrize("which", ["case", "fleet"])
def test_runs_and_draws(path, which, request, monkeypatch):
    drawn = charts(run(path, request.getfixturevalue(which), monkeypatch))
    assert drawn and all("<path" in svg for svg in drawn)
    assert any("web01" in svg for svg in drawn)


def test_runs_where_there_is_nothing(path, quiet, monkeypatch):
    assert not charts(run(path, quiet, monkeypatch))


def test_compares_several_cases(case, quiet, monkeypatch):
    monkeypatch.setenv("AAF_CASE", os.pathsep.join([str(quiet), str(case)]))
    notebook = nbformat.read(FOLDER / "03-fleet.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    assert any("web01" in svg for svg in charts(notebook))


def test_the_past_is_asked_of_a_policy(case, monkeypatch):
    """The replay that `cargo xtask test` made: no observed use breaks, nothing is opened."""
    replay = os.environ.get("AAF_REPLAY_TABLE")
    assert replay, "AAF_REPLAY_TABLE is not set: cargo xtask test makes it"
    monkeypatch.setenv("AAF_REPLAY", replay)
    notebook = run(FOLDER / "05-hardening.ipynb", case, monkeypatch)
    said = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "observed use that the override breaks: 0; what was refused and it permits: 0" in said


def test_fails_on_a_case_that_contradicts_itself(path, fleet, tmp_path, monkeypatch):
    table, spoil, words = CONTRADICTIONS[path.name]
    spoiled = tmp_path / "spoiled"
    shutil.copytree(fleet, spoiled)
    file = spoiled / f"{table}.parquet"
    spoil(pl.read_parquet(file)).write_parquet(file)
    with pytest.raises(CellExecutionError, match=words):
        run(path, spoiled, monkeypatch)
