//! Events over time, a lane a profile, and the lines behind them.

use std::collections::BTreeMap;

use aaf_model::tables::{Text, TimelineRow};

use super::{anchor, escape, table as rows_table};
use crate::dossier::Dossier;
use crate::phrase;
use crate::time::Clock;

/// Lanes of the chart; profiles with fewer events are counted.
const MOST_LANES: usize = 30;
/// Steps of the chart.
const BINS: usize = 200;
const STEP_WIDTH: usize = 5;
const LANE_HEIGHT: usize = 24;
/// Lines of the table; incidents go first.
const MOST_LINES: usize = 1500;

/// The words for verdicts, in the order of the key.
const VERDICTS: [&str; 6] = ["denied", "allowed", "audited", "killed", "policy", "other"];

struct Lane {
    name: String,
    events: i64,
    /// By step and kind of verdict.
    bins: BTreeMap<(usize, usize), i64>,
}

/// What the chart shows.
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    left_out: usize,
    /// Microseconds since 1970-01-01 UTC at its left edge; none where no time is known.
    pub(super) first_us: Option<i64>,
    /// The same of its right edge.
    pub(super) last_us: Option<i64>,
}

fn kind(verdict: &str) -> usize {
    let word = phrase::verdict(verdict);
    VERDICTS.iter().position(|known| *known == word).unwrap_or(VERDICTS.len() - 1)
}

impl Lanes {
    pub(super) fn of(rows: &[TimelineRow]) -> Lanes {
        let timed = || {
            rows.iter()
                .filter_map(|row| Some((row, row.first_time_us?, row.last_time_us.or(row.first_time_us)?)))
        };
        let first_us = timed().map(|(_, first, _)| first).min();
        let last_us = timed().map(|(_, first, last)| last.max(first)).max();
        let mut lanes: BTreeMap<(&Option<String>, &Text), Lane> = BTreeMap::new();
        if let (Some(start), Some(end)) = (first_us, last_us) {
            let whole = end.saturating_sub(start).max(1) as i128;
            let bin = |us: i64| {
                let share = i128::from(us.saturating_sub(start)) * BINS as i128 / whole;
                usize::try_from(share).unwrap_or(0).min(BINS - 1)
            };
            for (row, first, last) in timed() {
                let lane = lanes.entry((&row.host, &row.profile_root)).or_insert_with(|| Lane {
                    name: name(row),
                    events: 0,
                    bins: BTreeMap::new(),
                });
                lane.events = lane.events.saturating_add(row.count);
                let (from, to) = (bin(first), bin(last.max(first)));
                // A folded line is spread evenly over its time; of fewer events than steps only the ends are known.
                let each = row.count / i64::try_from(to - from + 1).unwrap_or(1);
                let steps = if each > 0 {
                    (from..=to).collect()
                } else if row.count > 1 {
                    vec![from, to]
                } else {
                    vec![from]
                };
                for step in steps {
                    let count = lane.bins.entry((step, kind(&row.verdict))).or_default();
                    *count = count.saturating_add(each.max(1));
                }
            }
        }
        let mut lanes: Vec<Lane> = lanes.into_values().collect();
        lanes.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.name.cmp(&b.name)));
        let left_out = lanes.len().saturating_sub(MOST_LANES);
        lanes.truncate(MOST_LANES);
        Lanes { lanes, left_out, first_us, last_us }
    }
}

fn name(row: &TimelineRow) -> String {
    let host = row.host.as_deref().unwrap_or("?");
    let profile = if row.profile_root.is_empty() {
        "(none)".to_owned()
    } else {
        crate::escape::terminal(&row.profile_root)
    };
    format!("{host} · {profile}")
}

pub(super) fn section(lanes: &Lanes, clock: &Clock) -> String {
    let (Some(first), Some(last)) = (lanes.first_us, lanes.last_us) else {
        return "<section id=timeline>\n<h2>Timeline</h2>\n<p>No event has a time.\n</section>\n".to_owned();
    };
    let (width, height) = (BINS * STEP_WIDTH, lanes.lanes.len() * LANE_HEIGHT);
    let names: String =
        lanes.lanes.iter().map(|lane| format!("<li title=\"{0}\">{0}", escape::text(&lane.name))).collect();
    let mut marks = String::new();
    for (at, lane) in lanes.lanes.iter().enumerate() {
        let floor = (at + 1) * LANE_HEIGHT;
        marks.push_str(&format!("<path class=rule d=\"M0 {floor}H{width}\"/>"));
        let mut used: BTreeMap<usize, usize> = BTreeMap::new();
        for ((step, kind), count) in &lane.bins {
            // Doubling is one step of height, so that one event beside a flood still shows.
            let tall = (3 + usize::try_from(count.max(&1).ilog2()).unwrap_or(0)).min(12);
            let below = used.entry(*step).or_default();
            let tall = tall.min(LANE_HEIGHT.saturating_sub(*below + 1));
            *below += tall;
            let word = VERDICTS.get(*kind).unwrap_or(&"other");
            marks.push_str(&format!(
                "<rect class=v-{word} x={} y={} width={} height={tall} />",
                step * STEP_WIDTH,
                floor - *below,
                STEP_WIDTH - 1
            ));
        }
    }
    let key: String = VERDICTS
        .iter()
        .map(|word| format!("<li><svg viewBox=\"0 0 12 12\" aria-hidden=true><rect class=v-{word} width=12 height=12 /></svg> {word}"))
        .collect();
    let buttons: String = [
        ("zoom-in", "Zoom in"),
        ("zoom-out", "Zoom out"),
        ("pan-left", "Earlier"),
        ("pan-right", "Later"),
        ("zoom-all", "Whole period"),
    ]
    .iter()
    .map(|(id, name)| format!("<button type=button id={id}>{name}</button>"))
    .collect();
    let left_out = match lanes.left_out {
        0 => String::new(),
        more => format!(" {more} profiles with fewer events are not drawn."),
    };
    format!(
        "<section id=timeline>\n<h2>Timeline</h2>\n<p>A lane is a profile on a host; the height of a mark grows by one step for \
         each doubling of events, and a folded line is spread evenly over its time.{left_out} The lines below hold the same.\n\
         <ul class=key>{key}</ul>\n<div class=tools hidden>{buttons}<span class=soft>on the chart: + − ← → 0</span></div>\n\
         <div class=chart><ul class=lanes>{names}</ul><svg id=chart role=img tabindex=0 \
         aria-label=\"Events of {} profiles from {} to {}\" viewBox=\"0 0 {width} {height}\" height={height} \
         preserveAspectRatio=none>{marks}</svg>\n<div class=axis><span id=axis-from>{}</span><span id=axis-to>{}</span></div></div>\n</section>\n",
        lanes.lanes.len(),
        escape::text(&clock.full(first)),
        escape::text(&clock.full(last)),
        escape::text(&clock.full(first)),
        escape::text(&clock.full(last)),
    )
}

/// The lines of the timelines: those of incidents first where not all can be shown.
pub(super) fn table(dossier: &Dossier) -> String {
    let numbers: BTreeMap<&str, usize> =
        dossier.incidents.iter().enumerate().map(|(at, row)| (&*row.incident_id, at + 1)).collect();
    let number = |row: &TimelineRow| row.incident_id.as_deref().and_then(|id| numbers.get(id)).copied();
    let mut rows: Vec<&TimelineRow> = dossier.timelines.iter().collect();
    rows.sort_by_key(|row| number(row).unwrap_or(usize::MAX));
    let left_out = rows.len().saturating_sub(MOST_LINES);
    rows.truncate(MOST_LINES);
    rows.sort_by_key(|row| (row.first_time_us.is_none(), row.first_time_us));
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let when = row.first_time_us.map_or("?".to_owned(), |us| dossier.clock.full(us));
            let incident = number(row).zip(row.incident_id.as_deref());
            vec![
                escape::text(&when),
                escape::text(row.host.as_deref().unwrap_or("?")),
                escape::bytes(&row.profile),
                phrase::verdict(&row.verdict).to_owned(),
                escape::text(&phrase::operation(&row.operation, &row.requested)),
                escape::bytes(&row.object),
                row.count.to_string(),
                escape::text(&phrase::acting(row, 1)),
                escape::text(phrase::outcome(row.outcome.as_deref().unwrap_or(""))),
                incident.map_or(String::new(), |(at, id)| format!("<a href=\"#i{}\">{at}</a>", anchor(id))),
            ]
        })
        .collect();
    let heads = [
        "First time",
        "Host",
        "Profile",
        "Answer",
        "Operation",
        "Target",
        "Events",
        "Process",
        "Outcome",
        "Incident",
    ];
    let caption = match left_out {
        0 => "Equal behaviours of one episode are one line".to_owned(),
        more => format!("Equal behaviours of one episode are one line; {more} more stand in the case"),
    };
    // The filter works on these rows alone.
    let table = rows_table(&caption, &heads, &lines).replace("\n<tr><td>", "\n<tr data-row><td>");
    format!(
        "<section id=lines>\n<h2>Lines of the timelines</h2>\n<details><summary>{} lines</summary>\n{table}</details></section>\n",
        lines.len()
    )
}
