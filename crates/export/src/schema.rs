//! The column reference, made from the schemas themselves.

use std::fmt::Write;

use aaf_case::IntegrityKind;

use crate::columns::{Column, Kind, twin_name};
use crate::{events, evidence, incidents, integrity, replay, sightings, small, state, windows};

/// Every table with its columns, in the order in which they are documented.
pub fn tables() -> Vec<(&'static str, &'static str, Vec<Column>)> {
    vec![
        (
            "events.parquet",
            "One row an event: a record that the kernel or dbus-daemon made once, or a line that explains. In order of time; within a boot whose clock was stepped, in order of serial.",
            events::columns(),
        ),
        ("sightings.parquet", "One row a line as found, in the order of the events.", sightings::columns()),
        (
            "timelines.parquet",
            "One row a behaviour of one profile on one host within one episode, between two changes of its policy; repeated behaviour is folded.",
            small::timeline_columns(),
        ),
        (
            "incidents.parquet",
            "One row an incident: episodes that belong together, and what they tell. The gravest first.",
            incidents::columns(),
        ),
        (
            "findings.parquet",
            "One row a finding of a rule or a sequence, the gravest first.",
            incidents::finding_columns(),
        ),
        (
            "windows.parquet",
            "One row a stretch of time in which a profile was absent, in complain mode or not attached.",
            windows::columns(),
        ),
        (
            "integrity.parquet",
            "One row a finding on what the evidence cannot show or on what speaks against it, the gravest first.",
            integrity::columns(),
        ),
        (
            "coverage.parquet",
            "One row a statement on how a host was held at collection: numbers, gaps, differences, items of benchmarks, what is not known.",
            state::coverage_columns(),
        ),
        ("processes.parquet", "One row a task at collection, by host and number.", state::process_columns()),
        (
            "profiles.parquet",
            "One row a profile at collection, loaded, on disk or compiled, by host and name.",
            state::profile_columns(),
        ),
        (
            "lint.parquet",
            "One row a finding on the collected policy, the profiles that are exposed or were attacked first.",
            state::lint_columns(),
        ),
        (
            "evidence.parquet",
            "One row an evidence file, then one each of its members where it is a bundle, in the order of the evidence.",
            evidence::columns(),
        ),
        ("diagnostics.parquet", "One row a problem in the evidence.", small::diagnostic_columns()),
        (
            "replay.parquet",
            "One row a recorded behaviour and what a policy says to it. No part of a case: `policy replay --parquet FILE` writes it.",
            replay::columns(),
        ),
    ]
}

/// The reference as Markdown.
pub fn schema_markdown() -> String {
    let mut out = String::from(
        "# Tables of a case\n\nMade by `aa-forensics schema --markdown`; do not edit.\n\n\
         Timestamps are `timestamp[us, UTC]`. Text from evidence is UTF-8 with U+FFFD; its `_bytes` twin holds the bytes \
         and is null where the text is exact. Files are Parquet with zstd (but for columns of a few bytes); the footer's `aa-forensics.format_version` \
         names the format. Readers accept missing tables and unknown columns.\n\n\
         ## Beside the tables\n\n\
         `SHA256SUMS` holds the SHA-256 of every file that `analyze` wrote, in the form of `sha256sum`; `verify` compares. \
         `annotations.jsonl` is written by `note`, `tag` and `dismiss` alone and only ever appended to; `analyze --force` \
         keeps it. Each line is an object with `time` (RFC 3339, UTC, by the clock of who wrote it), `author` (as stated), \
         `action` (`note`, `tag`, `untag`, `dismiss`, `restore`), `incident_id` and `text` (the note, the tag, the reason). \
         Readers pass over what they do not know.\n",
    );
    for (name, meaning, columns) in tables() {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\n## `{name}`\n\n{meaning}\n\n| column | type | null | meaning |\n|---|---|---|---|\n"
        );
        for column in columns {
            let null = if column.required { "never" } else { "yes" };
            let meaning = column.meaning.replace('|', "\\|");
            let _ = writeln!(out, "| `{}` | {} | {null} | {meaning} |", column.name, type_text(&column.kind));
            if matches!(column.kind, Kind::Text) {
                let twin = twin_name(column.name);
                let _ = writeln!(
                    out,
                    "| `{twin}` | binary | yes | the bytes of `{}`; null where it is exact |",
                    column.name
                );
            }
        }
    }
    out.push_str(
        "\n## Kinds of integrity findings\n\nValues of `kind` in `integrity.parquet`.\n\n\
         | kind | category | severity | what it allows one to conclude |\n|---|---|---|---|\n",
    );
    for kind in IntegrityKind::ALL {
        let (category, severity) = (kind.category().as_str(), kind.severity().as_str());
        let _ = writeln!(out, "| `{}` | {category} | {severity} | {} |", kind.as_str(), kind.allows());
    }
    out
}

fn type_text(kind: &Kind) -> String {
    match kind {
        Kind::Word | Kind::Text => "string".to_owned(),
        Kind::Int => "int64".to_owned(),
        Kind::Int32 => "int32".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Time => "timestamp[us, UTC]".to_owned(),
        Kind::Bytes => "binary".to_owned(),
        Kind::Words => "list\\<string>".to_owned(),
        Kind::Structs(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, kind)| format!("{name}: {}", type_text(kind))).collect();
            format!("list\\<struct\\<{}>>", members.join(", "))
        }
    }
}
