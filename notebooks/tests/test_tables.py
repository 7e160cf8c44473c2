"""Every table of a case opens in pyarrow, DuckDB and polars, and the three see the same."""

import json

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

TABLES = {
    "events": {"event_id", "kind", "time", "time_source", "host", "profile", "profile_root", "operation", "verdict",
               "class", "name", "comm", "pid", "exe", "outcome", "attempt", "episode_id", "audit_id", "sightings"},
    "sightings": {"event_id", "audit_id", "role", "evidence_id", "path", "offset_bytes", "length_bytes", "carrier",
                  "raw"},
    "timelines": {"host", "profile_root", "episode_id", "incident_id", "rules", "first_time", "last_time", "count",
                  "verdict", "operation", "object", "comm", "pid", "chain", "outcome", "attempt", "first_event_id"},
    "incidents": {"incident_id", "host", "profile_root", "severity", "confidence", "title", "attack", "payload",
                  "result", "action", "alternatives", "episode_ids", "first_time", "last_time", "events", "denied",
                  "allowed", "audited", "killed", "policy_changes", "attempts"},
    "findings": {"incident_id", "rule", "title", "severity", "reasons", "stage", "techniques", "profile", "attack",
                 "payload", "result", "action", "event_ids"},
    "windows": {"host", "profile", "gap", "from", "to", "basis", "incident_ids"},
    "coverage": {"host", "path", "kind", "severity", "subject", "pid", "part", "whole", "text", "action", "how", "sources"},
    "processes": {"host", "pid", "name", "profile", "mode", "confinement", "is_exposed", "listens", "how"},
    "profiles": {"host", "profile", "loaded", "is_loaded", "file", "disk_mode", "is_disabled", "is_stub", "tasks"},
    "lint": {"host", "check_id", "severity", "profile", "file", "line", "rule", "next_step", "unlogged", "incident_ids"},
    "integrity": {"kind", "category", "severity", "host", "path", "first_time", "seen", "allows", "lines"},
    "evidence": {"evidence_id", "path", "is_member", "kind", "state", "collection", "collection_kind", "host",
                 "host_path", "records", "first_time", "last_time", "sha256"},
    "diagnostics": {"code", "severity", "evidence_id"},
}  # fmt: skip
UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")


@pytest.fixture(params=sorted(TABLES))
def table(request, case):
    """A table's name and its file."""
    path = case / f"{request.param}.parquet"
    assert path.is_file(), f"the case has no {path.name}"
    return request.param, path


def test_no_table_is_unknown(case):
    assert {path.stem for path in case.glob("*.parquet")} >= set(TABLES)


def test_the_three_readers_count_the_same_rows(table):
    _, path = table
    rows = pq.read_metadata(path).num_rows
    assert pq.read_table(path).num_rows == rows
    assert duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall()[0][0] == rows
    assert pl.read_parquet(path).height == rows


def test_the_three_readers_see_the_same_nulls(table):
    _, path = table
    arrow = pq.read_table(path)
    expected = {column: arrow[column].null_count for column in arrow.column_names}
    assert expected == pl.read_parquet(path).null_count().row(0, named=True)
    columns = ", ".join(f'count(*) - count("{column}")' for column in expected)
    in_duckdb = duckdb.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)]).fetchall()[0]
    assert dict(zip(expected, in_duckdb)) == expected


def test_the_documented_columns_are_there(table):
    name, path = table
    assert TABLES[name] <= set(pq.read_schema(path).names)


def test_times_are_microseconds_in_utc(table):
    _, path = table
    for field in pq.read_schema(path):
        is_time = field.name == "time" or field.name.endswith("_time")
        if pa.types.is_timestamp(field.type) or is_time:
            assert field.type == UTC_MICROSECONDS, field


def test_no_type_that_some_reader_stumbles_over(table):
    """DuckDB refuses maps with repeated keys, Spark has no unsigned numbers."""
    _, path = table

    def check(type_, where):
        assert not pa.types.is_map(type_), where
        assert not pa.types.is_unsigned_integer(type_), where
        for index in range(type_.num_fields):
            check(type_.field(index).type, f"{where}.{type_.field(index).name}")

    for field in pq.read_schema(path):
        # What a dictionary's indices are is Arrow's own business; Parquet stores the values.
        check(field.type.value_type if pa.types.is_dictionary(field.type) else field.type, field.name)


def test_the_footer_says_its_version(table):
    _, path = table
    keys = [key.decode() for key in pq.read_schema(path).metadata or pq.read_metadata(path).metadata or {}]
    keys += [key.decode() for key in pq.read_metadata(path).metadata or {}]
    assert any(key.endswith("format_version") for key in keys), keys


def test_event_ids_are_unique_and_every_record_has_its_event(case):
    events = pl.read_parquet(case / "events.parquet")
    assert events["event_id"].is_unique().all()
    records = pl.read_parquet(case / "sightings.parquet").filter(pl.col("role") == "record")
    assert records.join(events, on="event_id", how="anti").height == 0
    assert events.filter(pl.col("kind") == "apparmor").join(records, on="event_id", how="anti").height == 0


def test_incidents_of_events_exist(case):
    events = pl.read_parquet(case / "events.parquet").filter(pl.col("episode_id").is_not_null())
    incidents = pl.read_parquet(case / "incidents.parquet").explode("episode_ids")
    assert events.height > 0
    assert events.join(incidents, left_on="episode_id", right_on="episode_ids", how="anti").height == 0


@pytest.mark.parametrize("table", ["timelines", "findings"])
def test_incidents_that_are_named_exist(case, table):
    named = pl.read_parquet(case / f"{table}.parquet").filter(pl.col("incident_id").is_not_null())
    incidents = pl.read_parquet(case / "incidents.parquet")
    assert named.height and named.join(incidents, on="incident_id", how="anti").height == 0


def test_the_totals_are_those_of_the_events(case):
    totals = json.loads((case / "case.json").read_text())["totals"]
    events = pl.read_parquet(case / "events.parquet").filter(pl.col("kind") == "apparmor")
    counted = dict(events.group_by(pl.col("verdict").cast(pl.String)).len().iter_rows())
    assert {word: count for word, count in totals["events_by_verdict"].items() if count} == counted


def test_a_whole_line_is_as_long_as_it_says(case):
    """Journals are the exception that the schema names: `raw` is the entry's fields, `length_bytes` the entry object."""
    seen = {True: 0, False: 0}
    for row in pq.read_table(case / "sightings.parquet").to_pylist():
        if row["raw"] is None or row["more_ranges"] or len(row["raw"]) == 64 << 10:
            continue
        is_journal = row["path"].endswith(".journal")
        seen[is_journal] += 1
        if is_journal:
            assert row["raw"].startswith(b"__REALTIME_TIMESTAMP=") and b"\nMESSAGE=" in row["raw"], row["path"]
        else:
            assert len(row["raw"]) == row["length_bytes"], (row["path"], row["offset_bytes"])
    assert seen[True] and seen[False], "the case holds both kinds"
