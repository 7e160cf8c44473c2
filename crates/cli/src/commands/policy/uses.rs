//! Events of a case as questions to a policy.

use std::collections::{BTreeMap, HashMap, HashSet};

use aaf_export::CaseReader;
use aaf_model::Level;
use aaf_model::tables::UseRow;
use aaf_policy::evaluate::{Ask, Class};
use aaf_policy::harden::letters_of;
use aaf_policy::replay::Question;

/// Events that ask the same, with the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The host.
    pub host: String,
    /// The profile.
    pub profile: String,
    /// What was asked; why policy cannot be asked, where it cannot.
    pub question: Result<Question, String>,
    /// The operation.
    pub operation: String,
    /// The kernel's word.
    pub verdict: String,
    /// Whether it belongs to an attack: a rule found it, in an incident of at least medium severity.
    pub attacked: bool,
    /// Number of events.
    pub count: u64,
    /// Ids of the first few events.
    pub event_ids: Vec<String>,
}

/// Ids that are kept of equal events.
const MOST_IDS: usize = 4;

/// Everything that the case holds on policy being asked, in a fixed order; what looks forged is left out.
pub fn read(case: &CaseReader) -> anyhow::Result<Vec<Used>> {
    let attacked = attacked(case)?;
    let mut all: BTreeMap<(String, String, String, String, String, bool), Used> = BTreeMap::new();
    case.each_use(&mut |row| {
        let detail = &row.detail;
        if detail.authenticity == "forged-looking" || detail.verdict == "STATUS" || detail.profile.is_empty()
        {
            return;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let question = question(row);
        let shown = match &question {
            Ok(question) => question.to_string(),
            Err(why) => format!("{why} {}", text(&detail.name)),
        };
        let is_attacked = detail.episode_id.as_ref().is_some_and(|episode| {
            attacked.contains(&(
                episode.clone(),
                text(&detail.profile),
                text(&detail.operation),
                text(&detail.comm),
            ))
        });
        let host = detail.host.clone().unwrap_or_default();
        let key = (
            host.clone(),
            text(&detail.profile),
            text(&detail.operation),
            shown,
            detail.verdict.clone(),
            is_attacked,
        );
        let used = all.entry(key).or_insert_with(|| Used {
            host,
            profile: text(&detail.profile),
            question,
            operation: text(&detail.operation),
            verdict: detail.verdict.clone(),
            attacked: is_attacked,
            count: 0,
            event_ids: Vec::new(),
        });
        used.count += 1;
        if used.event_ids.len() < MOST_IDS {
            used.event_ids.push(detail.event_id.clone());
        }
    })?;
    Ok(all.into_values().collect())
}

/// Episode, profile, operation and command of the lines that rules found in incidents of at least medium severity.
fn attacked(case: &CaseReader) -> anyhow::Result<HashSet<(String, String, String, String)>> {
    let severity: HashMap<String, Level> = case
        .incidents()?
        .into_iter()
        .map(|row| (row.incident_id, Level::from_word(&row.severity).unwrap_or_default()))
        .collect();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut found = HashSet::new();
    for row in case.timelines()? {
        let is_grave =
            row.incident_id.as_ref().and_then(|id| severity.get(id)).is_some_and(|it| *it >= Level::Medium);
        if is_grave
            && !row.rules.is_empty()
            && let Some(episode) = row.episode_id
        {
            found.insert((episode, text(&row.profile), text(&row.operation), text(&row.comm)));
        }
    }
    Ok(found)
}

/// What the record asks of policy; why that cannot be told, in words.
fn question(row: &UseRow) -> Result<Question, String> {
    let text = |name: &str| String::from_utf8_lossy(row.word(name)).into_owned();
    let name = &row.detail.name;
    let operation = String::from_utf8_lossy(&row.detail.operation);
    let properties = |pairs: &[(&str, String)]| -> BTreeMap<String, String> {
        let present = pairs.iter().filter(|(_, value)| !value.is_empty());
        present.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    let requested = String::from_utf8_lossy(&row.requested).into_owned();
    let each = |class: Class, properties: BTreeMap<String, String>| {
        let words: Vec<&str> = requested.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let words = if words.is_empty() { vec![""] } else { words };
        words
            .into_iter()
            .map(|word| vec![Ask { class, permission: word.to_owned(), properties: properties.clone() }])
            .collect::<Vec<_>>()
    };
    if operation.starts_with("change_profile") || operation.starts_with("change_onexec") {
        let target = Some(text("target")).filter(|it| !it.is_empty());
        let target = target.unwrap_or_else(|| String::from_utf8_lossy(name).into_owned());
        let properties = properties(&[("target", target)]);
        return Ok(Question::Other(vec![vec![Ask {
            class: Class::ChangeProfile,
            permission: String::new(),
            properties,
        }]]));
    }
    if operation.starts_with("change_hat") || operation.starts_with("stack") {
        return Err(format!("{operation}: not decided by rules alone"));
    }
    let of_words = match row.class.as_str() {
        "file" => {
            let permissions = letters_of(&row.requested);
            if permissions.is_empty() {
                return Err("the record names no permission".to_owned());
            }
            if !name.starts_with(b"/") {
                return Err("the path is not connected to a root, which no rule can name".to_owned());
            }
            let is_owner = row.fsuid.zip(row.ouid).map(|(user, owner)| user == owner);
            return Ok(Question::File { path: name.clone(), permissions, is_owner });
        }
        "cap" => vec![vec![Ask {
            class: Class::Capability,
            permission: text("capname"),
            properties: BTreeMap::new(),
        }]],
        "net" | "unix" => {
            let family = text("family");
            let kind = properties(&[("domain", family.clone()), ("type", text("sock_type"))]);
            let network = Ask { class: Class::Network, permission: String::new(), properties: kind };
            if family == "unix" {
                let unix = properties(&[
                    ("type", text("sock_type")),
                    ("addr", text("addr")),
                    ("peer.addr", text("peer_addr")),
                    ("peer.label", text("peer")),
                ]);
                let mut all = each(Class::Unix, unix);
                all.iter_mut().for_each(|forms| forms.push(network.clone()));
                all
            } else {
                vec![vec![network]]
            }
        }
        "ptrace" => each(Class::Ptrace, properties(&[("peer", text("peer"))])),
        "signal" => each(Class::Signal, properties(&[("set", text("signal")), ("peer", text("peer"))])),
        "dbus" => each(
            Class::Dbus,
            properties(&[
                ("bus", text("bus")),
                ("path", text("dbus_path")),
                ("interface", text("interface")),
                ("member", text("member")),
                ("name", String::from_utf8_lossy(name).into_owned()),
                ("peer.label", text("peer_label")),
            ]),
        ),
        "mount" => {
            let options: Vec<String> = text("flags").split(',').map(|word| word.trim().to_owned()).collect();
            let class = match &*operation {
                "umount" => Class::Umount,
                "pivotroot" => Class::PivotRoot,
                _ if options.iter().any(|option| option == "remount") => Class::Remount,
                _ => Class::Mount,
            };
            let properties = properties(&[
                ("fstype", text("fstype")),
                ("source", text("srcname")),
                ("mountpoint", String::from_utf8_lossy(name).into_owned()),
                ("options", options.join(",")),
            ]);
            vec![vec![Ask { class, permission: String::new(), properties }]]
        }
        "namespace" => vec![vec![Ask {
            class: Class::Userns,
            permission: "create".to_owned(),
            properties: BTreeMap::new(),
        }]],
        class => return Err(format!("records of class {class} are not replayed")),
    };
    Ok(Question::Other(of_words))
}
