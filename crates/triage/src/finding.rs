//! A finding: what one rule or sequence says about behaviours of one host.

use aaf_model::tables::IntegrityRow;
use aaf_model::{Class, Level, Outcome};

use crate::action;
use crate::behaviour::Behaviour;
use crate::rule::{Confidence, Rule};
use crate::sequences::{Fact, Sequence};
use crate::stage::Stage;
use crate::upshot::Upshot;
use crate::wording;

/// What a rule or a sequence found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's or sequence's short name.
    pub rule: String,
    /// Its title, which says when nothing of it got through.
    pub title: String,
    /// The same, whatever came of it.
    pub plain_title: String,
    /// What came of all that it tells.
    pub(crate) upshot: Upshot,
    /// The level, after what came of it.
    pub level: Level,
    /// Why the level and the confidence are what they are.
    pub reasons: Vec<String>,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// The stage of an intrusion.
    pub stage: Stage,
    /// ATT&CK ids, version 19.
    pub techniques: Vec<String>,
    /// The older ids, where they changed.
    pub before_v19: Vec<String>,
    /// Rank of the host.
    pub host: u32,
    /// Indices of the behaviours that it rests on, in order; none where it rests on findings about the evidence.
    pub behaviours: Vec<usize>,
    /// Microseconds since 1970-01-01 UTC of the first event; `i64::MIN` where unknown.
    pub first_us: i64,
    /// The same of the last event.
    pub last_us: i64,
    /// What somebody did, as far as one can tell.
    pub attack: String,
    /// With what.
    pub payload: String,
    /// What came of it, by the words of the verdicts.
    pub result: String,
    /// What to do.
    pub action: String,
    /// What else would explain it.
    pub alternatives: Vec<String>,
    /// Why it is known to be harmless; its level is `info` then.
    pub noise: Option<String>,
    /// Whether it is a sequence.
    pub is_sequence: bool,
}

impl Finding {
    /// Lowers it to `info`: somebody answers for it.
    pub(crate) fn suppress(&mut self, reason: &str) {
        self.reasons.push(format!("lowered from {}: {reason}", self.level.as_str()));
        self.level = Level::Info;
        self.noise = Some(reason.to_owned());
    }
}

/// What a rule says about behaviours of one profile, episode and outcome; `members` is not empty, and in order.
pub fn of_rule(rule: &Rule, behaviours: &[Behaviour], members: Vec<usize>, noise: Option<&str>) -> Finding {
    let first = &behaviours[members[0]];
    let mut level = rule.level_of(first.is_stopped() || first.is_policy_change());
    let mut reasons = vec![format!("{} is {}", rule.name, rule.level.as_str())];
    if level > rule.level {
        reasons.push(match first.outcome {
            _ if first.is_refused_in_vain() => {
                "raised: the call went through although this check was refused".to_owned()
            }
            Some(Outcome::Succeeded) => "raised: the call succeeded".to_owned(),
            _ => "raised: AppArmor did not stop it".to_owned(),
        });
    }
    if let Some(reason) = noise {
        reasons.push(format!("lowered from {}: {reason}", level.as_str()));
        level = Level::Info;
    }
    let reading = &rule.reading;
    let fill = |template: &str| wording::fill(template, first);
    let or = |own: &str, default: String| if own.is_empty() { default } else { fill(own) };
    let mut result = wording::result(first);
    if !reading.result.is_empty() {
        result = format!("{result} {}", fill(&reading.result));
    }
    let mut payload = or(&reading.payload, wording::payload(first));
    if members.len() > 1 {
        payload.push_str(&format!("; and {} more like it", members.len() - 1));
    }
    let upshot = Upshot::of(members.iter().map(|&at| &behaviours[at]));
    let own_action = match upshot {
        Upshot::Refused { .. } | Upshot::Killed if !reading.action_refused.is_empty() => {
            &*reading.action_refused
        }
        // A rule with two actions says in the first what to do about what got through.
        Upshot::Failed if !reading.action_refused.is_empty() => "",
        _ => &*reading.action,
    };
    Finding {
        rule: rule.name.clone(),
        title: upshot.title(&rule.title, reading.stage),
        plain_title: rule.title.clone(),
        upshot,
        level,
        reasons,
        confidence: reading.confidence,
        stage: reading.stage,
        techniques: rule.techniques.clone(),
        before_v19: reading.before_v19.clone(),
        host: first.host,
        first_us: first.first_us,
        last_us: members.iter().map(|&at| behaviours[at].last_us).max().unwrap_or(first.last_us),
        attack: or(&reading.attack, rule.title.to_lowercase()),
        payload,
        result,
        action: or(own_action, action::usual(reading.stage, level, first.class, upshot).to_owned()),
        alternatives: rule.alternatives.clone(),
        noise: noise.map(str::to_owned),
        is_sequence: false,
        behaviours: members,
    }
}

/// What a sequence says about a chain of behaviours.
pub fn of_sequence(sequence: &Sequence, behaviours: &[Behaviour], chain: Vec<usize>) -> Finding {
    let members = || chain.iter().map(|&at| &behaviours[at]);
    let mut payloads: Vec<String> = Vec::new();
    for member in members().take(MOST_READ) {
        let text = wording::payload(member);
        if payloads.len() < MOST_STEPS && !payloads.contains(&text) {
            payloads.push(text);
        }
    }
    let steps = members().count();
    let upshot = Upshot::of(members());
    if steps > payloads.len() {
        payloads.push(format!("{} more", steps - payloads.len()));
    }
    let class = members().next().map_or(Class::Unknown, |first| first.class);
    let usual = || action::usual(sequence.stage, sequence.level, class, upshot).to_owned();
    // Of secrets that nobody got none is to be replaced.
    let is_kept = upshot.is_in_vain() && sequence.stage == Stage::CredentialAccess;
    let has_own = !sequence.action.is_empty() && !is_kept;
    Finding {
        title: upshot.title(sequence.title, sequence.stage),
        upshot,
        action: if has_own { sequence.action.to_owned() } else { usual() },
        reasons: vec![format!("{} {}: {steps} steps", sequence.name, sequence.title)],
        host: members().next().map_or(0, |first| first.host),
        first_us: members().map(|member| member.first_us).min().unwrap_or(i64::MIN),
        last_us: members().map(|member| member.last_us).max().unwrap_or(i64::MIN),
        payload: payloads.join("; "),
        result: wording::results(members()),
        behaviours: chain.clone(),
        ..told_by(sequence)
    }
}

/// What a fact of a host says.
pub fn of_fact(sequence: &Sequence, fact: Fact) -> Finding {
    let Fact { host, first_us, last_us, behaviours, payload, result } = fact;
    Finding { host, first_us, last_us, behaviours, payload, result, ..told_by(sequence) }
}

/// What a sequence says by itself, whatever it found.
fn told_by(sequence: &Sequence) -> Finding {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let usual = || action::usual(sequence.stage, sequence.level, Class::Unknown, Upshot::Other);
    Finding {
        rule: sequence.name.to_owned(),
        title: sequence.title.to_owned(),
        plain_title: sequence.title.to_owned(),
        upshot: Upshot::Other,
        level: sequence.level,
        reasons: vec![format!("{} {}", sequence.name, sequence.title)],
        confidence: sequence.confidence,
        stage: sequence.stage,
        techniques: owned(sequence.techniques),
        before_v19: owned(sequence.before_v19),
        host: 0,
        behaviours: Vec::new(),
        first_us: i64::MIN,
        last_us: i64::MIN,
        attack: sequence.attack.to_owned(),
        payload: String::new(),
        result: String::new(),
        action: if sequence.action.is_empty() { usual().to_owned() } else { sequence.action.to_owned() },
        alternatives: owned(sequence.alternatives),
        noise: None,
        is_sequence: true,
    }
}

/// Steps of a chain that are looked at for telling.
const MOST_READ: usize = 64;
/// Steps of a chain that are told one by one.
const MOST_STEPS: usize = 8;

/// What a grave finding on tampering with the evidence says; none for the others.
///
/// Forged lines never raise an incident by themselves; they are told in the integrity section.
pub fn of_tampering(row: &IntegrityRow, host: u32) -> Option<Finding> {
    if row.category != "tampering" || row.severity != "high" {
        return None;
    }
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    Some(Finding {
        rule: "AA-S14".to_owned(),
        title: "Traces altered".to_owned(),
        plain_title: "Traces altered".to_owned(),
        upshot: Upshot::Other,
        level: Level::High,
        reasons: vec![format!("integrity finding {} of high severity", row.kind)],
        confidence: Confidence::Likely,
        stage: Stage::DefenceImpairment,
        techniques: words(&["T1685.006"]),
        before_v19: words(&["T1070.002"]),
        host,
        behaviours: Vec::new(),
        first_us: row.first_time_us.unwrap_or(i64::MIN),
        last_us: row.last_time_us.unwrap_or(i64::MIN),
        attack: "logs that were altered after they had been written".to_owned(),
        // Where the evidence lies is nothing that an attacker used.
        payload: row.path.rsplit('!').next().unwrap_or_default().to_owned(),
        result: format!("{}; {}", row.seen, row.allows),
        action: "Treat the log as incomplete; read the other carriers; find who could write to it."
            .to_owned(),
        alternatives: words(&["A log filter or a clean-up that removes single lines."]),
        noise: None,
        is_sequence: false,
    })
}
