//! Events from `key=value` words, and what triage says of them.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

use aaf_model::{Class, Key, Outcome, Verdict};
use aaf_triage::sequences::{Boot, ClockStep};
use aaf_triage::{Assessment, Behaviour, Input, LoadedLater, Rules, Suppressions, assess};

pub fn rules() -> Rules {
    Rules::shipped().expect("every shipped rule compiles")
}

/// An event as a rule sees it, from `key=value` words; `=` may stand in the value.
pub fn event(words: &[(&str, &str)]) -> Behaviour {
    let mut behaviour = Behaviour { count: 1, objects: 1, verdict: Verdict::Denied, ..Behaviour::default() };
    behaviour.episode = Some(1);
    behaviour.first_us = 1_795_336_000_000_000;
    let mut lasts_us = 0;
    for (key, value) in words {
        match *key {
            "verdict" => behaviour.verdict = Verdict::from_bytes(value.as_bytes()),
            "operation" => behaviour.operation = value.as_bytes().to_vec(),
            "profile" => {
                behaviour.profile = value.as_bytes().to_vec();
                behaviour.profile_root = aaf_model::profile::root(value.as_bytes()).to_vec();
            }
            "comm" => behaviour.comm = value.as_bytes().to_vec(),
            "pid" => behaviour.pids = vec![value.parse().expect("number")],
            // Of sequences: when (in seconds, from and to), where, how often, by how many processes, of which session.
            "t" => behaviour.first_us += value.parse::<i64>().expect("seconds") * 1_000_000,
            "for" => lasts_us = value.parse::<i64>().expect("seconds") * 1_000_000,
            "host" => behaviour.host = value.parse().expect("number"),
            "count" => behaviour.count = value.parse().expect("number"),
            "objects" => behaviour.objects = value.parse().expect("number"),
            "peak" => behaviour.peak_per_second = value.parse().expect("number"),
            "pids" => behaviour.pids = (100..100 + value.parse::<i64>().expect("number")).collect(),
            "session" => behaviour.session = Some((1000, value.parse().expect("number"))),
            // The confinement of whoever changes policy: `profile=` of a STATUS record.
            "subject" => behaviour.details.push((Key::Profile, value.as_bytes().to_vec())),
            key => {
                let key = Key::from_bytes(key.as_bytes());
                assert_ne!(key, Key::Unknown);
                behaviour.details.push((key, value.as_bytes().to_vec()));
            }
        }
    }
    behaviour.class = match &*behaviour.operation {
        b"capable" => Class::Cap,
        b"profile_load" | b"profile_replace" | b"profile_remove" => Class::Policy,
        b"dbus_method_call" | b"dbus_eavesdrop" => Class::Dbus,
        b"uring_sqpoll" => Class::IoUring,
        b"userns_create" => Class::Namespace,
        b"setrlimit" => Class::Rlimits,
        b"create" | b"connect" | b"bind" => Class::Net,
        b"mount" | b"umount" => Class::Mount,
        b"ptrace" => Class::Ptrace,
        b"signal" => Class::Signal,
        _ => Class::File,
    };
    behaviour.last_us = behaviour.first_us + lasts_us;
    behaviour.object = behaviour.name().to_vec();
    behaviour.outcome = Some(match behaviour.verdict {
        Verdict::Denied => Outcome::Refused,
        Verdict::Killed => Outcome::Killed,
        Verdict::Status => Outcome::Recorded,
        _ => Outcome::NotStopped,
    });
    behaviour
}

pub fn judge(behaviours: &[Behaviour]) -> Assessment {
    judge_with(behaviours, &[], &[])
}

/// The same with starts of hosts and steps of clocks.
pub fn judge_with(behaviours: &[Behaviour], boots: &[Boot], clock_steps: &[ClockStep]) -> Assessment {
    judge_input(behaviours, |input| Input { boots, clock_steps, ..input })
}

/// The same with profiles that came by themselves after the host's policy.
pub fn judge_later(behaviours: &[Behaviour], loaded_later: &[LoadedLater]) -> Assessment {
    judge_input(behaviours, |input| Input { loaded_later, ..input })
}

fn judge_input<'i>(behaviours: &'i [Behaviour], with: impl FnOnce(Input<'i>) -> Input<'i>) -> Assessment {
    let suppressions: &'static Suppressions = Box::leak(Box::default());
    let input = Input {
        behaviours,
        hosts: &[],
        integrity: &[],
        boots: &[],
        clock_steps: &[],
        at_collection: &[],
        loaded_later: &[],
        suppressions,
        gap_us: 600_000_000,
    };
    assess(with(input), &rules())
}
