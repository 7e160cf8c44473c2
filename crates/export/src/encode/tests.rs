//! What is written is what a reader of the format reads.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::statistics::Statistics;
use proptest::prelude::*;

use crate::columns::{Column, Kind, column, schema, times};
use crate::small::{lists, put_int, put_text, structs};
use crate::table::{TableWriter, write_small};

const MEMBERS: &[(&str, Kind)] = &[("key", Kind::Word), ("number", Kind::Int)];

fn columns() -> Vec<Column> {
    vec![
        column("event_id", Kind::Word, "").required().distinct(),
        column("profile", Kind::Text, ""),
        column("pid", Kind::Int, ""),
        column("length", Kind::Int32, "").required(),
        column("success", Kind::Bool, ""),
        column("time", Kind::Time, "").distinct(),
        column("raw", Kind::Bytes, "").distinct(),
        column("notes", Kind::Words, "").required(),
        column("extra", Kind::Structs(MEMBERS), "").required(),
    ]
}

#[derive(Clone, Debug, Default)]
struct Line {
    id: String,
    profile: Option<Vec<u8>>,
    pid: Option<i64>,
    length: i32,
    success: Option<bool>,
    time: Option<i64>,
    raw: Option<Vec<u8>>,
    notes: Vec<String>,
    extra: Vec<(String, Option<i64>)>,
}

/// Writes the lines in groups of so many rows and reads all of them back.
fn round_trip(lines: &[Line], rows: usize) -> (tempfile::TempDir, Vec<Line>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.parquet");
    let mut table = TableWriter::create(&path, &columns()).expect("a table");
    let layout = table.layout();
    let place = |name: &str| layout.at(name);
    let mut groups = Vec::new();
    for lines in lines.chunks(rows) {
        let mut group = layout.group().expect("a group");
        for line in lines {
            let row = group.next_row().expect("a row");
            group.word(place("event_id"), row, &line.id);
            if let Some(profile) = &line.profile {
                group.text(place("profile"), row, profile);
            }
            if let Some(pid) = line.pid {
                group.int(place("pid"), row, pid);
            }
            group.int32(place("length"), row, line.length);
            if let (Some(success), Some(leaf)) = (line.success, group.leaf(place("success"))) {
                leaf.flag(row, success);
            }
            if let Some(time) = line.time {
                group.int(place("time"), row, time);
            }
            if let (Some(raw), Some(leaf)) = (&line.raw, group.leaf(place("raw"))) {
                leaf.bytes(row, raw);
            }
            for note in &line.notes {
                group.word(place("notes"), row, note);
            }
            for (key, number) in &line.extra {
                group.member(place("extra"), row, Some(key.as_bytes()));
                match (number, group.leaf(place("extra") + 1)) {
                    (Some(number), Some(leaf)) => leaf.int(row, *number),
                    (None, Some(leaf)) => leaf.missing(row),
                    (_, None) => panic!("a struct has its members"),
                }
            }
        }
        groups.push(layout.close(group).expect("encoded"));
    }
    groups.into_iter().for_each(|group| table.append(group).expect("appended"));
    table.finish().expect("written");
    let read = read(&path);
    (folder, read)
}

fn read(path: &std::path::Path) -> Vec<Line> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a file"))
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .expect("a reader");
    let mut lines = Vec::new();
    for batch in reader {
        let batch = batch.expect("a batch");
        let at = |name: &str| Arc::clone(batch.column_by_name(name).expect("a column"));
        let [id, profile, twin, pid, length, success, time, raw, notes, extra] = [
            "event_id",
            "profile",
            "profile_bytes",
            "pid",
            "length",
            "success",
            "time",
            "raw",
            "notes",
            "extra",
        ]
        .map(at);
        let known = |array: &ArrayRef, row: usize| array.is_valid(row).then_some(row);
        for row in 0..batch.num_rows() {
            let words = notes.as_list::<i32>().value(row);
            let items = extra.as_list::<i32>().value(row);
            let (keys, numbers) =
                (Arc::clone(items.as_struct().column(0)), Arc::clone(items.as_struct().column(1)));
            lines.push(Line {
                id: id.as_string::<i32>().value(row).to_owned(),
                profile: match known(&twin, row) {
                    Some(row) => Some(twin.as_binary::<i32>().value(row).to_vec()),
                    None => known(&profile, row)
                        .map(|row| profile.as_string::<i32>().value(row).as_bytes().to_vec()),
                },
                pid: known(&pid, row).map(|row| pid.as_primitive::<Int64Type>().value(row)),
                length: length.as_primitive::<Int32Type>().value(row),
                success: known(&success, row).map(|row| success.as_boolean().value(row)),
                time: known(&time, row).map(|row| time.as_primitive::<TimestampMicrosecondType>().value(row)),
                raw: known(&raw, row).map(|row| raw.as_binary::<i32>().value(row).to_vec()),
                notes: (0..words.len()).map(|at| words.as_string::<i32>().value(at).to_owned()).collect(),
                extra: (0..items.len())
                    .map(|at| {
                        let number = known(&numbers, at);
                        (
                            keys.as_string::<i32>().value(at).to_owned(),
                            number.map(|at| numbers.as_primitive::<Int64Type>().value(at)),
                        )
                    })
                    .collect(),
            });
        }
    }
    lines
}

fn same(written: &[Line], read: &[Line]) {
    assert_eq!(written.len(), read.len());
    for (row, (written, read)) in written.iter().zip(read).enumerate() {
        assert_eq!(format!("{written:?}"), format!("{read:?}"), "row {row}");
    }
}

fn a_line() -> impl Strategy<Value = Line> {
    let text = || prop_oneof!["[a-c]{0,2}", "/[a-z]{0,60}"];
    let bytes = prop_oneof![text().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..50)];
    (
        (text(), prop::option::of(bytes.clone()), prop::option::of(0i64..4), any::<i32>()),
        (any::<Option<bool>>(), any::<Option<i64>>(), prop::option::of(bytes)),
        prop::collection::vec(text(), 0..4),
        prop::collection::vec((text(), any::<Option<i64>>()), 0..4),
    )
        .prop_map(|((id, profile, pid, length), (success, time, raw), notes, extra)| Line {
            id,
            profile,
            pid,
            length,
            success,
            time,
            raw,
            notes,
            extra,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_come_back(lines in prop::collection::vec(a_line(), 1..80), rows in 1usize..90) {
        let (_folder, read) = round_trip(&lines, rows);
        same(&lines, &read);
    }
}

/// Values that fill a dictionary, values that are all new, stretches without any, and values larger than a page.
#[test]
fn full_dictionaries_and_pages_go_on_in_the_next() {
    let lines: Vec<Line> = (0..30_000usize)
        .map(|row| Line {
            id: format!("{row:016x}"),
            profile: (row % 3 > 0)
                .then(|| format!("/usr/bin/{}/{}", "x".repeat(row % 200), row / 2).into_bytes()),
            pid: (row > 20_000).then_some(row as i64),
            length: row as i32,
            raw: (row % 5_000 == 17).then(|| vec![b'r'; 700_000 + row]),
            notes: (0..row % 3).map(|note| format!("note {}", note + row)).collect(),
            ..Line::default()
        })
        .collect();
    for rows in [9_000, 30_000] {
        let (_folder, read) = round_trip(&lines, rows);
        same(&lines, &read);
    }
}

#[test]
fn the_footer_says_where_rows_lie() {
    let line = |id: &str, profile: Option<&str>, time| Line {
        id: id.to_owned(),
        profile: profile.map(|profile| profile.as_bytes().to_vec()),
        time,
        ..Line::default()
    };
    let lines = [
        line("b", Some("nginx"), Some(-5)),
        line("c", None, Some(7)),
        line("a", Some("cron"), None),
        line("d", None, None),
    ];
    let (folder, _) = round_trip(&lines, 3);
    let file = File::open(folder.path().join("table.parquet")).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a reader");
    let groups = reader.metadata().row_groups();
    let told = |group: usize, name: &str| {
        let columns = groups[group].columns();
        let found = columns.iter().find(|column| column.column_path().string() == name).expect("a column");
        match found.statistics() {
            Some(Statistics::Int64(it)) => {
                format!("{:?} to {:?}, {:?} null", it.min_opt(), it.max_opt(), it.null_count_opt())
            }
            Some(Statistics::ByteArray(it)) => {
                let text = |value: Option<&parquet::data_type::ByteArray>| {
                    value.map(|value| String::from_utf8_lossy(value.data()).into_owned())
                };
                format!(
                    "{:?} to {:?}, {:?} null",
                    text(it.min_opt()),
                    text(it.max_opt()),
                    it.null_count_opt()
                )
            }
            other => format!("{other:?}"),
        }
    };
    insta::assert_snapshot!(
        [told(0, "event_id"), told(0, "profile"), told(0, "time"), told(1, "profile"), told(0, "pid")].join("\n"),
        @r#"
    Some("a") to Some("c"), Some(0) null
    Some("cron") to Some("nginx"), Some(1) null
    Some(-5) to Some(7), Some(1) null
    None to None, Some(1) null
    None
    "#
    );
}

#[test]
fn arrays_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("table.parquet");
    let names = [vec!["x", "y"], vec![], vec!["z"]];
    let items: [Vec<(&str, i64)>; 3] = [vec![], vec![("k", 1), ("l", -1)], vec![("m", 2)]];
    let batch = RecordBatch::try_new(
        schema(&columns()),
        vec![
            Arc::new(StringArray::from(vec!["1", "2", "3"])),
            Arc::new(StringArray::from(vec![Some("p"), None, Some("q")])),
            Arc::new(BinaryArray::from(vec![None, None, None::<&[u8]>])),
            Arc::new(Int64Array::from(vec![None, Some(4), None])),
            Arc::new(Int32Array::from(vec![7, 8, 9])),
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
            times(vec![Some(1), None, Some(3)]),
            Arc::new(BinaryArray::from(vec![Some(&b"\xff"[..]), None, Some(b"")])),
            lists(&names, |names| names),
            structs(MEMBERS, &items, |row, item| {
                for (key, number) in row {
                    put_text(item, 0, key.as_bytes());
                    put_int(item, 1, *number);
                    item.append(true);
                }
            }),
        ],
    )
    .expect("a batch");
    write_small(&path, &columns(), &batch).expect("written");
    let read = read(&path);
    insta::assert_snapshot!(
        read.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>().join("\n"),
        @r#"
    Line { id: "1", profile: Some([112]), pid: None, length: 7, success: Some(true), time: Some(1), raw: Some([255]), notes: ["x", "y"], extra: [] }
    Line { id: "2", profile: None, pid: Some(4), length: 8, success: None, time: None, raw: None, notes: [], extra: [("k", Some(1)), ("l", Some(-1))] }
    Line { id: "3", profile: Some([113]), pid: None, length: 9, success: Some(false), time: Some(3), raw: Some([]), notes: ["z"], extra: [("m", Some(2))] }
    "#
    );
}
