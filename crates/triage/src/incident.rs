//! Findings to incidents: what belongs together, and what it tells.
//!
//! Joined are: events of one episode; processes of one family; events of one *set* login session, close in time; changes of
//! policy on one host, close in time. Profiles that merely suffer at the same time are not: they are linked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aaf_model::hash::FastHash;
use aaf_model::{Class, Key, Level, Verdict};
use rayon::prelude::*;

use crate::action;
use crate::assess::Input;
use crate::behaviour::Behaviour;
use crate::disjoint::Disjoint;
use crate::finding::Finding;
use crate::lineage::Families;
use crate::rule::Confidence;
use crate::stage::Stage;
use crate::upshot::Upshot;
use crate::windows::Window;
use crate::wording;

/// Something that a responder decides about.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Rank of the host.
    pub host: u32,
    /// The profile of its gravest finding; empty for changes of policy.
    pub profile_root: Vec<u8>,
    /// All profiles (without children) that it touches.
    pub profiles: Vec<Vec<u8>>,
    /// Episodes that it consists of.
    pub episodes: Vec<u64>,
    /// What it is, in a few words.
    pub title: String,
    /// How soon it wants to be read.
    pub level: Level,
    /// Why.
    pub reasons: Vec<String>,
    /// How sure.
    pub confidence: Confidence,
    /// Stages of an intrusion that it shows, in their order.
    pub stages: Vec<Stage>,
    /// ATT&CK ids, version 19.
    pub techniques: Vec<String>,
    /// The older ids, where they changed.
    pub before_v19: Vec<String>,
    /// What somebody did, as far as one can tell.
    pub attack: String,
    /// With what.
    pub payload: String,
    /// What came of it.
    pub result: String,
    /// What to do.
    pub action: String,
    /// What else would explain it.
    pub alternatives: Vec<String>,
    /// Indices of its findings, the gravest first.
    pub findings: Vec<usize>,
    /// Indices of its behaviours, by time.
    pub behaviours: Vec<usize>,
    /// Microseconds since 1970-01-01 UTC of the first event; `i64::MIN` where unknown.
    pub first_us: i64,
    /// The same of the last event.
    pub last_us: i64,
    /// Id of the first event; 0 where it rests on findings about the evidence alone.
    pub first_event: u64,
    /// Other incidents that share something with it: their index and what it is.
    pub links: Vec<(usize, String)>,
}

impl Incident {
    /// Says which of its profiles still did not protect when the evidence ends; `open` are the windows open then.
    pub(crate) fn add_windows(&mut self, open: &[&Window]) {
        let open: Vec<&&Window> = open
            .iter()
            .filter(|window| window.host == self.host && self.profiles.contains(&window.profile))
            .collect();
        if open.is_empty() {
            return;
        }
        let mut named: Vec<String> = open
            .iter()
            .take(MOST_NAMED)
            .map(|window| String::from_utf8_lossy(&window.profile).into_owned())
            .collect();
        if open.len() > named.len() {
            named.push(format!("{} more", open.len() - named.len()));
        }
        self.result.push_str(&format!(" · still unprotected when the evidence ends: {}", named.join(", ")));
    }
}

/// Payloads, alternatives and links that are named.
const MOST_NAMED: usize = 8;

/// Groups behaviours and findings into incidents, the gravest first; and gives the incident of each behaviour.
pub fn group(
    input: Input<'_>,
    order: &[usize],
    families: &Families,
    findings: &[Finding],
) -> (Vec<Incident>, Vec<Option<usize>>) {
    let behaviours = input.behaviours;
    let mut found: Vec<Level> = vec![Level::Info; behaviours.len()];
    let mut has_finding = vec![false; behaviours.len()];
    for finding in findings {
        for &at in &finding.behaviours {
            found[at] = found[at].max(finding.level);
            has_finding[at] |= finding.level > Level::Info;
        }
    }
    let mut sets = Disjoint::new(behaviours.len());
    let mut episodes: HashMap<u64, usize, FastHash> = HashMap::default();
    let mut by_family: Vec<Option<usize>> = vec![None; behaviours.len()];
    let mut sessions: BTreeMap<(u32, i64, i64), usize> = BTreeMap::new();
    let mut policy: BTreeMap<u32, usize> = BTreeMap::new();
    let near = |a: usize, b: usize| {
        behaviours[b].first_us.saturating_sub(behaviours[a].last_us.max(behaviours[a].first_us))
            <= input.gap_us
    };
    let takes_part = |at: usize| behaviours[at].episode.is_some() || has_finding[at];
    let timeless = (0..behaviours.len())
        .filter(|&at| behaviours[at].first_us == i64::MIN && !behaviours[at].is_forged_looking);
    let all: Vec<usize> = order.iter().copied().chain(timeless).filter(|&at| takes_part(at)).collect();
    for &at in &all {
        let behaviour = &behaviours[at];
        // What a profile suffered belongs to whoever did it.
        if let Some(episode) = behaviour.episode.filter(|_| !behaviour.is_suffered()) {
            sets.join(at, *episodes.entry(episode).or_insert(at));
        }
        if behaviour.is_policy_change() {
            if let Some(&other) = policy.get(&behaviour.host)
                && near(other, at)
            {
                sets.join(at, other);
            }
            policy.insert(behaviour.host, at);
            continue;
        }
        sets.join(at, *by_family[families.of(at)].get_or_insert(at));
        if let Some((user, session)) = behaviour.session
            && found[at] > Level::Info
        {
            let key = (behaviour.host, user, session);
            if let Some(&other) = sessions.get(&key)
                && near(other, at)
            {
                sets.join(at, other);
            }
            sessions.insert(key, at);
        }
    }
    let set_of = sets.finish();
    // By the first member of each set.
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); behaviours.len()];
    for &at in &all {
        groups[set_of[at]].push(at);
    }
    let mut findings_of: Vec<Vec<usize>> = vec![Vec::new(); behaviours.len()];
    let mut alone: Vec<usize> = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        // A chain over several groups belongs to the change of policy in it, else to where it ends.
        let owner = finding
            .behaviours
            .iter()
            .copied()
            .find(|&at| behaviours[at].is_policy_change())
            .or_else(|| finding.behaviours.last().copied())
            .map(|at| set_of[at]);
        let owner = owner.or_else(|| {
            // What was done to the logs goes with what was done to the policy of the host.
            groups.iter().position(|members| {
                members.iter().any(|&at| {
                    let behaviour = &behaviours[at];
                    behaviour.is_policy_change()
                        && behaviour.host == finding.host
                        && has_finding[at]
                        && finding.first_us.saturating_sub(behaviour.last_us).abs() <= 6 * input.gap_us
                })
            })
        });
        match owner.filter(|&owner| !groups[owner].is_empty()) {
            Some(owner) => findings_of[owner].push(index),
            None if finding.behaviours.is_empty() => alone.push(index),
            None => {}
        }
    }
    let told: Vec<(usize, Vec<usize>, Vec<usize>)> = groups
        .into_iter()
        .zip(findings_of)
        .enumerate()
        .filter(|(_, (members, _))| !members.is_empty())
        .map(|(owner, (members, own))| (owner, members, own))
        .collect();
    let mut incidents: Vec<(Option<usize>, Incident)> = told
        .into_par_iter()
        .map(|(owner, members, own)| (Some(owner), tell(behaviours, &members, findings, own)))
        .collect();
    let mut by_host: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for index in alone {
        by_host.entry(findings[index].host).or_default().push(index);
    }
    incidents.extend(by_host.into_values().map(|own| (None, tell(behaviours, &[], findings, own))));
    incidents.par_sort_by_key(|(_, incident)| {
        (std::cmp::Reverse(incident.level), incident.first_us, incident.host, incident.first_event)
    });
    let mut place = vec![None; behaviours.len()];
    for (at, (owner, _)) in incidents.iter().enumerate() {
        if let Some(owner) = *owner {
            place[owner] = Some(at);
        }
    }
    let mut incident_of = vec![None; behaviours.len()];
    for &at in &all {
        incident_of[at] = place[set_of[at]];
    }
    let mut incidents: Vec<Incident> = incidents.into_iter().map(|(_, incident)| incident).collect();
    link(behaviours, findings, &incident_of, &mut incidents);
    (incidents, incident_of)
}

/// What a group of behaviours and its findings tell.
fn tell(behaviours: &[Behaviour], members: &[usize], findings: &[Finding], own: Vec<usize>) -> Incident {
    let all = || own.iter().map(|&index| &findings[index]);
    let telling = || all().filter(|finding| finding.noise.is_none() && finding.level > Level::Info);
    // A sequence says more than a single rule of the same level; what got through says more than what was refused.
    let top = telling().max_by_key(|finding| {
        (
            finding.level,
            finding.stage != Stage::None,
            finding.confidence,
            !finding.upshot.is_in_vain(),
            std::cmp::Reverse(finding.first_us),
        )
    });
    let chain = telling()
        .filter(|finding| finding.is_sequence)
        .max_by_key(|finding| (finding.level, finding.confidence, finding.behaviours.len()));
    let head = match (top, chain) {
        (Some(top), Some(chain)) if chain.level >= top.level => Some(chain),
        (top, _) => top,
    };
    let member = || members.iter().map(|&at| &behaviours[at]);
    let lead = head
        .and_then(|finding| finding.behaviours.first().map(|&at| &behaviours[at]))
        .or_else(|| member().next());
    // Whoever changes policy is not the profile that it is about.
    let is_policy = member().next().is_some_and(Behaviour::is_policy_change);
    let level = head.map_or_else(|| plain_level(members, behaviours), |finding| finding.level);
    let stages: BTreeSet<Stage> =
        telling().map(|finding| finding.stage).filter(|stage| *stage != Stage::None).collect();
    let collect = |of: &dyn Fn(&Finding) -> Vec<String>| {
        let mut seen = Vec::new();
        for text in telling().flat_map(of) {
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        seen
    };
    let mut reasons: Vec<String> = head.map(|finding| finding.reasons.clone()).unwrap_or_default();
    let chains = collect(&|finding| {
        let is_told = head.is_some_and(|head| head.rule == finding.rule);
        if finding.is_sequence && !is_told { finding.reasons.clone() } else { Vec::new() }
    });
    reasons.extend(chains);
    // A chain may begin or end in another incident, which is linked and has its own times.
    let about_evidence = || all().filter(|finding| finding.behaviours.is_empty());
    let first_us = member()
        .map(|behaviour| behaviour.first_us)
        .chain(about_evidence().map(|finding| finding.first_us))
        .filter(|time| *time != i64::MIN)
        .min()
        .unwrap_or(i64::MIN);
    let last_us = member()
        .map(|behaviour| behaviour.last_us)
        .chain(about_evidence().map(|finding| finding.last_us))
        .max()
        .unwrap_or(i64::MIN);
    let mut profiles: Vec<Vec<u8>> = Vec::new();
    let mut episodes: Vec<u64> = Vec::new();
    let mut seen: (HashSet<&[u8]>, HashSet<u64>) = Default::default();
    for behaviour in member() {
        if seen.0.insert(&behaviour.profile_root) {
            profiles.push(behaviour.profile_root.clone());
        }
        if let Some(episode) = behaviour.episode
            && !behaviour.is_suffered()
            && seen.1.insert(episode)
        {
            episodes.push(episode);
        }
    }
    let title = head.map_or_else(
        || plain_title(members, behaviours).to_owned(),
        |finding| title(finding, telling(), behaviours, members),
    );
    let attack = match head {
        Some(finding) => attack(finding, &stages),
        None => "none inferred: no rule reads more into it than a profile that lacks a rule".to_owned(),
    };
    let result = if members.is_empty() {
        head.map(|finding| finding.result.clone()).unwrap_or_default()
    } else {
        wording::results(member())
    };
    Incident {
        host: lead.map_or_else(|| head.map_or(0, |finding| finding.host), |behaviour| behaviour.host),
        profile_root: lead
            .filter(|_| !is_policy)
            .map(|behaviour| behaviour.profile_root.clone())
            .unwrap_or_default(),
        profiles,
        episodes,
        title,
        level,
        reasons,
        confidence: head.map_or(Confidence::Unclear, |finding| finding.confidence),
        stages: stages.into_iter().collect(),
        techniques: collect(&|finding| finding.techniques.clone()),
        before_v19: collect(&|finding| finding.before_v19.clone()),
        attack,
        payload: payload(behaviours, members, telling()),
        result,
        action: head.map_or_else(
            || action::usual(Stage::None, level, Class::Unknown, Upshot::Other).to_owned(),
            |finding| finding.action.clone(),
        ),
        alternatives: collect(&|finding| finding.alternatives.clone()).into_iter().take(MOST_NAMED).collect(),
        first_event: member().next().map_or(0, |behaviour| behaviour.first_event),
        findings: own,
        behaviours: members.to_vec(),
        first_us,
        last_us,
        links: Vec::new(),
    }
}

/// The title of the gravest finding. That nothing got through it only says where that holds for all that the rule found, and of
/// a chain for the whole incident.
fn title<'f>(
    head: &'f Finding,
    telling: impl Iterator<Item = &'f Finding>,
    behaviours: &[Behaviour],
    members: &[usize],
) -> String {
    if head.upshot == Upshot::Other {
        return head.title.clone();
    }
    let same = telling.filter(|finding| finding.rule == head.rule).flat_map(|finding| &finding.behaviours);
    let rest = if head.is_sequence { members } else { &[] };
    let upshot = Upshot::of(same.chain(rest).map(|&at| &behaviours[at]));
    upshot.title(&head.plain_title, head.stage)
}

/// The level of what no rule found: refusals want a look some day, the rest none.
fn plain_level(members: &[usize], behaviours: &[Behaviour]) -> Level {
    let refused = members.iter().any(|&at| behaviours[at].is_stopped() && !behaviours[at].is_policy_change());
    if refused { Level::Low } else { Level::Info }
}

fn plain_title(members: &[usize], behaviours: &[Behaviour]) -> &'static str {
    let has = |verdict: Verdict| members.iter().any(|&at| behaviours[at].verdict == verdict);
    if has(Verdict::Denied) || has(Verdict::Killed) {
        "Refusals without a telling target"
    } else if has(Verdict::Allowed) {
        "Complain-mode records"
    } else if has(Verdict::Audit) {
        "Audited accesses"
    } else {
        "Changes of policy"
    }
}

/// The head finding's attack, and the further stages.
fn attack(head: &Finding, stages: &BTreeSet<Stage>) -> String {
    let more: Vec<&str> =
        stages.iter().filter(|stage| **stage != head.stage).map(|stage| stage.as_str()).collect();
    if more.is_empty() {
        format!("consistent with {}", head.attack)
    } else {
        format!("consistent with {}; also {}", head.attack, more.join(", "))
    }
}

/// What was used: the targets of the gravest findings first; without findings the most frequent ones.
fn payload<'f>(
    behaviours: &[Behaviour],
    members: &[usize],
    findings: impl Iterator<Item = &'f Finding>,
) -> String {
    let mut named: Vec<String> = Vec::new();
    let mut more = 0usize;
    let mut put = |text: String| {
        if text.is_empty() || named.contains(&text) {
            return;
        }
        if named.len() < MOST_NAMED { named.push(text) } else { more += 1 }
    };
    let own: HashSet<usize> = members.iter().copied().collect();
    let mut any = false;
    for finding in findings {
        any = true;
        if finding.behaviours.is_empty() {
            put(finding.payload.clone());
        }
        // A chain may begin in another incident; what stands there is told there.
        for &at in finding.behaviours.iter().filter(|at| own.contains(at)) {
            put(object(&behaviours[at]));
        }
    }
    if !any {
        let mut by_count: Vec<usize> = members.to_vec();
        by_count.sort_by_key(|&at| std::cmp::Reverse(behaviours[at].count));
        by_count.iter().for_each(|&at| put(object(&behaviours[at])));
    }
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

fn object(behaviour: &Behaviour) -> String {
    if behaviour.is_policy_change() {
        let verb = String::from_utf8_lossy(&behaviour.operation).replace("profile_", "");
        return format!("{} {verb}", String::from_utf8_lossy(&behaviour.profile)).trim().to_owned();
    }
    let text = String::from_utf8_lossy(&behaviour.object);
    match &*behaviour.operation {
        b"capable" => format!("CAP_{}", text.to_ascii_uppercase()),
        b"ptrace" => format!("ptrace {text}"),
        b"signal" => format!("signal {text}"),
        b"userns_create" => "user namespace".to_owned(),
        b"create" | b"connect" | b"bind" => format!("socket {text}"),
        _ => text.chars().take(120).collect(),
    }
}

const SESSION: &str = "login session";

/// What two incidents share.
fn link(
    behaviours: &[Behaviour],
    findings: &[Finding],
    incident_of: &[Option<usize>],
    incidents: &mut [Incident],
) {
    // Sessions are numbered by each host; all else means the same everywhere.
    let mut shared: BTreeMap<(&str, Option<u32>, String), BTreeSet<usize>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.level >= Level::Medium && finding.noise.is_none())
    {
        for &at in &finding.behaviours {
            let (behaviour, Some(incident)) = (&behaviours[at], incident_of[at]) else { continue };
            let mut put = |what: &'static str, value: String| {
                if !value.is_empty() {
                    let host = (what == SESSION).then_some(behaviour.host);
                    shared.entry((what, host, value)).or_default().insert(incident);
                }
            };
            if let Some((user, session)) = behaviour.session {
                put(SESSION, format!("{session} of uid {user}"));
            }
            put("address", behaviour.text(Key::Faddr).into_owned());
            if finding.is_sequence {
                put("sequence", format!("{} {}", finding.rule, finding.first_us));
            }
            // Names of one's own making tell; /usr/bin/bash is everybody's.
            let name = behaviour.name();
            let is_own =
                [&b"/tmp/"[..], b"/var/tmp/", b"/dev/shm/", b"/home/", b"/root/", b"/srv/", b"/opt/"]
                    .iter()
                    .any(|start| name.starts_with(start));
            if is_own && behaviour.operation == b"exec" {
                put("payload", String::from_utf8_lossy(name).into_owned());
            }
        }
    }
    for ((what, _, value), members) in shared.iter().filter(|(_, members)| members.len() > 1) {
        for &from in members {
            for &to in members.iter().filter(|&&to| to != from) {
                let text = match *what {
                    "sequence" => {
                        format!("one chain: {}", value.split(' ').next().unwrap_or_default())
                    }
                    what => format!("the same {what} {value}"),
                };
                let links = &mut incidents[from].links;
                if links.len() < MOST_NAMED && !links.contains(&(to, text.clone())) {
                    links.push((to, text));
                }
            }
        }
    }
}
