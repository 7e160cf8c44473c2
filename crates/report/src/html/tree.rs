//! Which process came from which, as far as the records say.

use std::collections::BTreeMap;

use aaf_model::tables::{IncidentRow, Text};

use super::escape;
use crate::dossier::Dossier;
use crate::phrase::process;

/// Processes of one tree; more are counted.
const MOST: usize = 60;
/// Generations above a process.
const DEEPEST: usize = 16;

#[derive(Default)]
struct Node {
    events: i64,
    below: BTreeMap<(i64, Text), Node>,
}

pub(super) fn of(incident: &IncidentRow, dossier: &Dossier) -> String {
    let mut root = Node::default();
    let (mut known, mut left_out) = (0usize, 0usize);
    let own = dossier.timelines.iter().filter(|row| {
        row.incident_id.as_deref() == Some(&*incident.incident_id) && row.host == incident.host
    });
    for row in own {
        let Some(pid) = row.pid else { continue };
        if known >= MOST {
            left_out += 1;
            continue;
        }
        let mut node = &mut root;
        for above in row.chain.iter().take(DEEPEST).rev() {
            node = node.below.entry(above.clone()).or_default();
        }
        let leaf = node.below.entry((pid, row.comm.clone())).or_insert_with(|| {
            known += 1;
            Node::default()
        });
        leaf.events = leaf.events.saturating_add(row.count);
    }
    if root.below.is_empty() {
        return String::new();
    }
    let more = match left_out {
        0 => String::new(),
        more => format!("<p>{more} more lines of the timelines are not in the tree.\n"),
    };
    format!("<details><summary>Processes</summary>\n{}{more}</details>\n", list(&root, "tree"))
}

fn list(node: &Node, class: &str) -> String {
    let mut out = if class.is_empty() { "<ul>".to_owned() } else { format!("<ul class={class}>") };
    for ((pid, comm), below) in &node.below {
        out.push_str(&format!("<li>{}", escape::text(&process(comm, Some(*pid)))));
        if below.events > 0 {
            out.push_str(&format!(" <span class=soft>×{}</span>", below.events));
        }
        if !below.below.is_empty() {
            out.push_str(&list(below, ""));
        }
    }
    out.push_str("</ul>\n");
    out
}
