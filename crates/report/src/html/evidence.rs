//! The evidence with its hashes.

use super::{escape, table};
use crate::dossier::Dossier;
use crate::phrase::{binary_size, grouped};

/// Members that are listed; more are counted.
const MOST: usize = 400;

pub(super) fn section(dossier: &Dossier) -> String {
    let mut files = Vec::new();
    let mut members = Vec::new();
    let mut left_out = 0usize;
    for file in &dossier.info.evidence {
        let mut hashes = Vec::new();
        for (name, digest) in [("SHA-256", &file.sha256), ("BLAKE3", &file.blake3)] {
            hashes.extend(
                digest.as_deref().map(|digest| format!("{name} <code>{}</code>", escape::text(digest))),
            );
        }
        files.push(vec![
            escape::text(&file.path),
            escape::text(&file.kind),
            escape::text(&file.state),
            grouped(file.size_bytes),
            grouped(file.records),
            if hashes.is_empty() { "not hashed".to_owned() } else { hashes.join("<br>") },
        ]);
        for member in &file.members {
            // What holds nothing of interest is counted.
            if (member.records == 0 && member.context == 0 && member.state == "read") || members.len() >= MOST
            {
                left_out += 1;
                continue;
            }
            members.push(vec![
                escape::text(&format!("{}!{}", file.path, member.path)),
                escape::text(&member.kind),
                escape::text(&member.state),
                binary_size(member.bytes),
                grouped(member.records),
                grouped(member.context),
            ]);
        }
    }
    let mut out = format!(
        "<section id=evidence>\n<h2>Evidence</h2>\n{}",
        table("Files as handed over", &["File", "Kind", "State", "Bytes", "Records", "Hash"], &files)
    );
    if !members.is_empty() {
        let caption = format!(
            "Members of bundles that matter; {left_out} more hold nothing of interest or are left out"
        );
        let heads = ["Member", "Kind", "State", "Size", "Records", "Context lines"];
        out.push_str("<details><summary>Members of bundles</summary>\n");
        out.push_str(&table(&caption, &heads, &members));
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    out
}
