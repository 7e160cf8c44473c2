//! The report as one HTML file that opens offline and goes into the incident file as it is.
//!
//! The page is whole without its script, which only filters and zooms. A policy in its head lets nothing else run and
//! nothing be fetched; every value from evidence goes through `escape`.

mod custody;
mod escape;
mod evidence;
mod exhibits;
mod head;
mod incidents;
mod indicators;
mod integrity;
mod matrix;
mod near;
mod state;
mod timeline;
mod tree;
mod windows;

use std::io;

use crate::dossier::Dossier;

/// Writes the page.
pub fn html(dossier: &Dossier, out: &mut dyn io::Write) -> io::Result<()> {
    let lanes = timeline::Lanes::of(&dossier.timelines);
    out.write_all(head::head(dossier).as_bytes())?;
    for part in [
        custody::section(dossier),
        incidents::section(dossier),
        timeline::section(&lanes, &dossier.clock),
        timeline::table(dossier),
        windows::section(dossier),
        state::section(dossier),
        matrix::section(dossier),
        indicators::section(dossier),
        evidence::section(dossier),
        integrity::section(dossier),
        integrity::limits(dossier),
        custody::sign_off(dossier),
    ] {
        out.write_all(part.as_bytes())?;
    }
    out.write_all(head::foot(&lanes).as_bytes())
}

/// SHA-256 in hexadecimal, for what the report names by its hash.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `<dt>…<dd>…`; nothing where there is no text.
fn fact(label: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<dt>{label}<dd>{}", escape::text(text)) }
}

/// A list of texts; nothing where there are none.
fn list(items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("<li>{}", escape::text(item))).collect();
    format!("<ul>{items}</ul>\n")
}

/// A table with a head; the cells are HTML already.
fn table(caption: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=col>{head}")).collect();
    let mut out = format!("<table><caption class=soft>{caption}</caption><thead><tr>{heads}<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str("<td>");
            out.push_str(cell);
        }
        out.push('\n');
    }
    out.push_str("</table>\n");
    out
}

/// A severity, in a class only where it is one of ours.
fn severity(word: &str) -> String {
    format!("<span class=\"tag {}\">{}</span>", severity_class(word), escape::text(word))
}

fn severity_class(word: &str) -> &'static str {
    match word {
        "critical" => "critical",
        "high" => "high",
        "medium" => "medium",
        "low" => "low",
        _ => "info",
    }
}

/// An id for anchors: what is no hexadecimal digit could be anything in a case that came from elsewhere.
fn anchor(id: &str) -> String {
    id.chars().filter(char::is_ascii_hexdigit).take(16).collect()
}

#[cfg(test)]
mod tests;
