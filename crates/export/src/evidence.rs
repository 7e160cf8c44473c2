//! `evidence.parquet`: what was handed over, file by file and member by member.

use std::sync::Arc;

use aaf_case::{CaseInfo, EvidenceInfo, MemberInfo, TextInfo};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column, ints, schema, times};
use crate::small::{options, words};

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    vec![
        column("evidence_id", Kind::Int, "evidence file").required(),
        column("path", Kind::Word, "path as given; a bundle's member after `!`").required(),
        column("is_member", Kind::Bool, "whether it is a member of a bundle, not a file as handed over")
            .required(),
        column(
            "kind",
            Kind::Word,
            "what its bytes are: `text`, `gzip`, `tar`, `zip`, `journal`, `binary`, …",
        )
        .required(),
        column(
            "form",
            Kind::Word,
            "how its text is laid out: `lines`, `audit`, `containers`, `journal-export`, `journal-json`, `journal-verbose`; null where it was not scanned",
        ),
        column("state", Kind::Word, "`read`, `partial`, `skipped`, `failed`").required(),
        column(
            "collection",
            Kind::Word,
            "the collection that it belongs to: the beginning that the paths of its files share; null for none",
        ),
        column(
            "collection_kind",
            Kind::Word,
            "`uac`, `sosreport`, `cat-scale`, `velociraptor`, `root` (a copy of `/`), `var-log`; null for none",
        ),
        column("host", Kind::Word, "host of its lines that name none; null where nothing says it"),
        column("host_path", Kind::Word, "path that it had on the host; null where that cannot be told"),
        column("is_tail", Kind::Bool, "whether it holds only the end of the log that it is a copy of")
            .required(),
        column("size_bytes", Kind::Int, "size as handed over, bytes; null for members"),
        column("unpacked_bytes", Kind::Int, "bytes of its text, unpacked; of a bundle, of all its members")
            .required(),
        column("lines", Kind::Int, "lines of its text").required(),
        column("records", Kind::Int, "AppArmor records in it, copies included").required(),
        column("context", Kind::Int, "lines that explain").required(),
        column("companions", Kind::Int, "other audit records that were joined").required(),
        column("first_time", Kind::Time, "settled time of the first line found in it; null where none was"),
        column("last_time", Kind::Time, "settled time of the last line found in it; null where none was"),
        column("mtime", Kind::Time, "time of the last change; null where unknown"),
        column(
            "sha256",
            Kind::Word,
            "SHA-256 as handed over; null for members, and where another digest was taken",
        ),
        column("blake3", Kind::Word, "BLAKE3 as handed over; null unless `--hash blake3`"),
        column("diagnostics", Kind::Int, "problems in it; null for members"),
    ]
}

/// One row of the table.
struct Row<'i> {
    file: &'i EvidenceInfo,
    member: Option<&'i MemberInfo>,
}

impl<'i> Row<'i> {
    fn text(&self) -> &'i TextInfo {
        self.member.map_or(&self.file.text, |member| &member.text)
    }

    fn path(&self) -> String {
        match self.member {
            Some(member) => format!("{}!{}", self.file.path, member.path),
            None => self.file.path.clone(),
        }
    }

    /// A number that files and members have.
    fn number(&self, of_file: fn(&EvidenceInfo) -> u64, of_member: fn(&MemberInfo) -> u64) -> Option<i64> {
        i64::try_from(self.member.map_or_else(|| of_file(self.file), of_member)).ok()
    }
}

fn micros(time: Option<&String>) -> Option<i64> {
    time?.parse::<jiff::Timestamp>().ok().map(|stamp| stamp.as_microsecond())
}

/// The table.
pub fn batch(info: &CaseInfo) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<Row<'_>> = info
        .evidence
        .iter()
        .flat_map(|file| {
            let members = file.members.iter().map(move |member| Row { file, member: Some(member) });
            std::iter::once(Row { file, member: None }).chain(members)
        })
        .collect();
    let paths: Vec<String> = rows.iter().map(Row::path).collect();
    let int = |get: &dyn Fn(&Row<'_>) -> Option<i64>| ints(rows.iter().map(get).collect());
    let time = |get: &dyn for<'r, 'i> Fn(&'r Row<'i>) -> Option<&'i String>| {
        times(rows.iter().map(|row| micros(get(row))).collect())
    };
    let collection_kind = |row: &Row<'_>| {
        let path = row.text().collection.as_ref()?;
        info.collections
            .iter()
            .find(|collection| collection.path == *path)
            .map(|collection| &*collection.kind)
    };
    let digest = |digest: fn(&EvidenceInfo) -> Option<&str>| -> ArrayRef {
        options(rows.iter().map(|row| if row.member.is_some() { None } else { digest(row.file) }))
    };
    let file_only = |row: &Row<'_>, value: u64| match row.member {
        Some(_) => None,
        None => i64::try_from(value).ok(),
    };
    RecordBatch::try_new(
        schema(&columns()),
        vec![
            int(&|row| Some(i64::from(row.file.id))),
            words(paths.iter().map(String::as_str)),
            Arc::new(rows.iter().map(|row| Some(row.member.is_some())).collect::<BooleanArray>()),
            words(rows.iter().map(|row| row.member.map_or(&*row.file.kind, |member| &*member.kind))),
            options(rows.iter().map(|row| row.text().form.as_deref())),
            words(rows.iter().map(|row| row.member.map_or(&*row.file.state, |member| &*member.state))),
            options(rows.iter().map(|row| row.text().collection.as_deref())),
            options(rows.iter().map(collection_kind)),
            options(rows.iter().map(|row| row.text().host.as_deref())),
            options(rows.iter().map(|row| row.text().host_path.as_deref())),
            Arc::new(rows.iter().map(|row| Some(row.text().is_tail)).collect::<BooleanArray>()),
            int(&|row| file_only(row, row.file.size_bytes)),
            int(&|row| row.number(|file| file.bytes_unpacked, |member| member.bytes)),
            int(&|row| row.number(|file| file.lines, |member| member.lines)),
            int(&|row| row.number(|file| file.records, |member| member.records)),
            int(&|row| row.number(|file| file.context, |member| member.context)),
            int(&|row| row.number(|file| file.companions, |member| member.companions)),
            time(&|row| row.text().first_time.as_ref()),
            time(&|row| row.text().last_time.as_ref()),
            time(&|row| row.member.map_or(row.file.mtime.as_ref(), |member| member.mtime.as_ref())),
            digest(|file| file.sha256.as_deref()),
            digest(|file| file.blake3.as_deref()),
            int(&|row| file_only(row, row.file.diagnostics.values().sum())),
        ],
    )
}
