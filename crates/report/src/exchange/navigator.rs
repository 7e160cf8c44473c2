//! A layer of the ATT&CK Navigator: the techniques of the incidents, scored by the gravest, with a comment on each.
//!
//! Source: the Navigator's layer format 4.5 (`layers/LAYERFORMATv4_5.md`).

use std::collections::BTreeMap;
use std::io;

use aaf_model::Level;
use aaf_model::tables::IncidentRow;

use crate::escape::terminal;
use crate::json::write_pretty;

/// Incidents that a comment names; the rest is counted.
const MOST_NAMED: usize = 20;

/// How much a severity weighs, 0 to 100.
fn score(severity: &str) -> u64 {
    match Level::from_word(severity).unwrap_or_default() {
        Level::Info => 10,
        Level::Low => 25,
        Level::Medium => 50,
        Level::High => 75,
        Level::Critical => 100,
    }
}

/// `T1059` or `T1059.004`: anything else is none of ATT&CK's ids.
fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|it| it.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        None => digits(rest, 4),
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
    }
}

/// Writes the layer.
///
/// # Errors
///
/// Those of the writer.
pub fn layer(incidents: &[IncidentRow], out: &mut dyn io::Write) -> io::Result<()> {
    let mut by_id: BTreeMap<&str, Vec<&IncidentRow>> = BTreeMap::new();
    for incident in incidents {
        let mut ids: Vec<&str> =
            incident.techniques.iter().map(|id| &**id).filter(|id| is_technique(id)).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            by_id.entry(id).or_default().push(incident);
        }
    }
    let techniques: Vec<serde_json::Value> = by_id
        .iter()
        .map(|(id, incidents)| {
            let named = incidents.iter().take(MOST_NAMED).map(|incident| {
                let profile = String::from_utf8_lossy(&incident.profile_root).into_owned();
                let text = format!(
                    "{} {} {}: {} ({})",
                    incident.severity,
                    incident.host.as_deref().unwrap_or("(unknown host)"),
                    if profile.is_empty() { "(no profile)" } else { &profile },
                    incident.title,
                    incident.incident_id,
                );
                terminal(text.as_bytes())
            });
            let mut comment: Vec<String> = named.collect();
            if incidents.len() > MOST_NAMED {
                comment.push(format!("and {} more", incidents.len() - MOST_NAMED));
            }
            serde_json::json!({
                "techniqueID": id,
                "score": incidents.iter().map(|incident| score(&incident.severity)).max().unwrap_or(0),
                "comment": comment.join("\n"),
                "enabled": true,
                "showSubtechniques": true,
                "metadata": [{"name": "incidents", "value": incidents.len().to_string()}],
            })
        })
        .collect();
    let layer = serde_json::json!({
        "name": "AppArmor incidents",
        "versions": {"attack": "19", "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": "Techniques of the incidents of a case: attempts, refused ones included. The score is that of the \
                        gravest incident: critical 100, high 75, medium 50, low 25, info 10.",
        "sorting": 3,
        "techniques": techniques,
        "gradient": {"colors": ["#ffffff", "#ffe766", "#ff6666"], "minValue": 0, "maxValue": 100},
        "hideDisabled": false,
        "selectTechniquesAcrossTactics": true,
        "selectSubtechniquesWithParent": false,
    });
    write_pretty(out, &layer)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_gravest_incident_scores_and_all_are_named() {
        let mild =
            IncidentRow { severity: "low".to_owned(), title: "a\u{202e}b".to_owned(), ..sample::incident() };
        let mut out = Vec::new();
        layer(&[sample::incident(), mild], &mut out).expect("written");
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let ids: Vec<&str> = value["techniques"]
            .as_array()
            .expect("list")
            .iter()
            .filter_map(|it| it["techniqueID"].as_str())
            .collect();
        assert_eq!(ids, ["T1003.008", "T1059"]);
        assert_eq!(value["techniques"][0]["score"], 75);
        assert_eq!(
            value["techniques"][0]["comment"],
            "high web01 (no profile): credentials (00000000000000c1)\n\
             low web01 (no profile): a\\u{202e}b (00000000000000c1)"
        );
        assert_eq!(
            (&value["domain"], &value["versions"]["layer"]),
            (&"enterprise-attack".into(), &"4.5".into())
        );
    }
}
