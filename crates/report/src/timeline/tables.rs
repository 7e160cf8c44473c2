//! Timelines for machines.

use std::io;

use aaf_model::tables::TimelineRow;

use crate::escape;
use crate::json::{timeline_row, write_line, write_pretty};
use crate::time::rfc3339;

/// One JSON object a line.
pub fn jsonl(rows: &[&TimelineRow], out: &mut dyn io::Write) -> io::Result<()> {
    rows.iter().try_for_each(|row| write_line(out, &timeline_row(row)))
}

/// One JSON array.
pub fn json(rows: &[&TimelineRow], out: &mut dyn io::Write) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().map(|row| timeline_row(row)).collect();
    write_pretty(out, &rows)
}

/// Comma-separated values; what a spreadsheet would take for a formula is defused with an apostrophe.
pub fn csv(rows: &[&TimelineRow], out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(
        b"host,profile_root,profile,episode_id,incident_id,rules,first_time,last_time,count,peak_per_second,verdict,class,operation,\
          requested,object,object_count,comm,pid,exe,uid,user,chain,attempt,outcome,authenticity,novelty,first_event_id,last_event_id\n",
    )?;
    for row in rows {
        let number = |value: Option<i64>| value.map(|it| it.to_string()).unwrap_or_default();
        let chain: Vec<u8> = row
            .chain
            .iter()
            .map(|(pid, comm)| [comm, format!("[{pid}]").as_bytes()].concat())
            .collect::<Vec<_>>()
            .join(&b" < "[..]);
        let fields = [
            escape::csv(row.host.as_deref().unwrap_or("").as_bytes()),
            escape::csv(&row.profile_root),
            escape::csv(&row.profile),
            row.episode_id.clone().unwrap_or_default(),
            row.incident_id.clone().unwrap_or_default(),
            escape::csv(row.rules.join(" ").as_bytes()),
            row.first_time_us.and_then(rfc3339).unwrap_or_default(),
            row.last_time_us.and_then(rfc3339).unwrap_or_default(),
            row.count.to_string(),
            row.peak_per_second.to_string(),
            row.verdict.clone(),
            row.class.clone(),
            escape::csv(&row.operation),
            escape::csv(&row.requested),
            escape::csv(&row.object),
            row.objects.to_string(),
            escape::csv(&row.comm),
            number(row.pid),
            escape::csv(&row.exe),
            number(row.uid),
            escape::csv(row.user.as_deref().unwrap_or_default().as_bytes()),
            escape::csv(&chain),
            row.attempt.clone(),
            row.outcome.clone().unwrap_or_default(),
            row.authenticity.clone(),
            row.novelty.clone().unwrap_or_default(),
            row.first_event_id.clone(),
            row.last_event_id.clone(),
        ];
        out.write_all(fields.join(",").as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn csv_has_a_field_for_every_heading() {
        let mut rows = sample();
        rows[0].comm = b"=1+1".to_vec();
        rows[0].chain.clear();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let mut out = Vec::new();
        csv(&rows, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        let mut lines = text.lines();
        let fields = |line: &str| line.split(',').count();
        let head = lines.next().map(fields);
        assert_eq!(lines.next().map(fields), head);
        assert!(text.contains("\"'=1+1\""));
        assert_eq!(text.lines().count(), 6);
    }
}
