//! Findings for people, programs and code hosts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{CHECKS, Finding, Severity};

/// Lines as compilers print them: `file:line:column: level: message [PQ-01]`, with what belongs to them indented.
///
/// Text from policy files is escaped: nothing in it reaches a terminal as a control character.
#[must_use]
pub fn to_gcc(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let level = match finding.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low | Severity::Info => "note",
        };
        let _ = writeln!(
            out,
            "{}:{}:{}: {level}: {} [{}, {}]",
            plain(&finding.file),
            finding.line,
            finding.column,
            plain(&finding.message),
            finding.id,
            finding.severity.word()
        );
        let profile = finding.profile.iter().map(|profile| ("profile", plain(profile)));
        let rule = finding.rule.iter().map(|rule| ("rule", plain(rule)));
        let chain = (!finding.included_through.is_empty())
            .then(|| ("included at", plain(&finding.included_through.join(" > "))));
        let fixed = [("attacker", finding.why), ("hidden", finding.hides), ("fix", finding.fix)];
        for (name, text) in
            profile.chain(rule).chain(chain).chain(fixed.map(|(name, text)| (name, text.to_owned())))
        {
            let _ = writeln!(out, "    {name}: {text}");
        }
    }
    out
}

/// Text without control characters, and without those that turn the direction of writing.
fn plain(text: &str) -> String {
    let odd = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|letter| {
            let escaped = odd(letter).then(|| letter.escape_unicode().to_string());
            escaped.unwrap_or_else(|| letter.to_string()).chars().collect::<Vec<_>>()
        })
        .collect()
}

/// All findings as one JSON array.
#[must_use]
pub fn to_json(findings: &[Finding]) -> Value {
    serde_json::to_value(findings).unwrap_or_default()
}

/// SARIF 2.1.0, as code hosts and editors read it.
#[must_use]
pub fn to_sarif(findings: &[Finding], version: &str) -> Value {
    let rules: Vec<Value> = CHECKS
        .iter()
        .map(|check| {
            json!({
                "id": check.id,
                "shortDescription": {"text": check.title},
                "fullDescription": {"text": format!("To an attacker: {}. Hidden from the logs: {}.", check.why, check.hides)},
                "help": {"text": check.fix},
                "defaultConfiguration": {"level": sarif_level(check.severity)},
            })
        })
        .collect();
    let numbers: BTreeMap<&str, usize> =
        CHECKS.iter().enumerate().map(|(number, check)| (check.id, number)).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut result = json!({
                "ruleId": finding.id,
                "ruleIndex": numbers.get(finding.id),
                "level": sarif_level(finding.severity),
                "message": {"text": finding.message},
                "locations": [location(&finding.file, finding.line, Some(finding.column))],
                "properties": {
                    "severity": finding.severity.word(),
                    "profile": finding.profile,
                    "rule": finding.rule,
                    "exposed": finding.exposed,
                },
            });
            let chain: Vec<Value> = finding
                .included_through
                .iter()
                .filter_map(|place| place.rsplit_once(':'))
                .filter_map(|(file, line)| line.parse().ok().map(|line| location(file, line, None)))
                .collect();
            if let (false, Some(result)) = (chain.is_empty(), result.as_object_mut()) {
                result.insert("relatedLocations".to_owned(), Value::Array(chain));
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "aa-forensics policy lint", "version": version, "rules": rules}},
            "results": results,
        }],
    })
}

fn sarif_level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn location(file: &str, line: usize, column: Option<usize>) -> Value {
    let mut region = json!({"startLine": line});
    if let (Some(column), Some(region)) = (column, region.as_object_mut()) {
        region.insert("startColumn".to_owned(), column.into());
    }
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": region}})
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
