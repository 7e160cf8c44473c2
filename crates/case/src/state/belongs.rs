//! Which unit, container or pod the processes of an incident belonged to.
//!
//! Known from the state at collection (control groups, descriptions of containers) and from journals. A process is only taken for the one of its
//! number where its name is the same as well; else the nearest of its parents that is known speaks for it. What started
//! later in a parent's group stays in it unless the service manager moves it, so that a parent is a good witness and no proof.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aaf_coverage::cgroup::{self, Group};
use aaf_coverage::found::ContainerSeen;
use aaf_coverage::state::Process;
use aaf_coverage::{Fact, HostState};
use aaf_timeline::hosts::Hosts;
use aaf_triage::Behaviour;

use super::units::Units;
use super::{HostCoverage, rank_of};

/// What is told of one incident at most.
const MOST_TOLD: usize = 12;
/// Of one unit or container so many processes are named.
const MOST_NAMED: usize = 4;

/// A process at collection that belongs to something.
struct Member {
    /// Its short name, and the last part of its executable.
    names: Vec<String>,
    /// The unit, container and pod, as they are shown.
    of: Vec<String>,
    basis: &'static str,
}

/// What the processes of every host belong to.
#[derive(Default)]
pub(crate) struct Belongings {
    /// By rank of the host and pid; numbers are used again under other names.
    members: HashMap<(u32, i64), Vec<Member>>,
}

impl Belongings {
    /// Reads the state of all hosts, and what journals say.
    pub fn of(states: &[HostCoverage], units: Option<&Units>, hosts: &Hosts) -> Belongings {
        let mut members: HashMap<(u32, i64), Vec<Member>> = HashMap::new();
        for state in states {
            let Some(host) = state.host.as_deref().and_then(|name| rank_of(hosts, name)) else { continue };
            for (&pid, process) in &state.state.processes {
                // Whatever started everything says nothing about it.
                if pid <= 2 || process.is_kernel {
                    continue;
                }
                if let Some(member) = member(pid, process, &state.state) {
                    members.entry((host, i64::from(pid))).or_default().push(member);
                }
            }
        }
        let mut ranks: HashMap<&str, Option<u32>> = HashMap::new();
        for (host, pid, comm, group) in units.into_iter().flat_map(Units::all) {
            let Some(host) = *ranks.entry(host).or_insert_with(|| rank_of(hosts, host)) else { continue };
            // A unit's name alone is no path.
            let group = if group.starts_with('/') { group.to_owned() } else { format!("/{group}") };
            let of = words(&cgroup::parse(&group), None, &HostState::default());
            if !of.is_empty() {
                let basis = "by the journal";
                members.entry((host, pid)).or_default().push(Member {
                    names: vec![comm.to_owned()],
                    of,
                    basis,
                });
            }
        }
        Belongings { members }
    }

    /// What the processes of some behaviours belonged to, as lines such as `nginx.service: nginx[598] (control group at collection)`.
    pub fn told<'b>(&self, behaviours: impl Iterator<Item = &'b Behaviour>) -> Vec<String> {
        let mut told: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        if self.members.is_empty() {
            return Vec::new();
        }
        // Of a signal that was received the process is the sender's.
        for behaviour in behaviours.filter(|behaviour| !behaviour.is_suffered()) {
            let exe = behaviour.exe.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            for &pid in &behaviour.pids {
                let direct = self.find(behaviour.host, pid, &[&behaviour.comm, exe]);
                let found = direct.map(|member| (member, member.basis.to_owned())).or_else(|| {
                    behaviour.chain.iter().find_map(|(parent, comm)| {
                        let member = self.find(behaviour.host, *parent, &[comm])?;
                        Some((member, format!("by its parent {}[{parent}]: {}", shown(comm), member.basis)))
                    })
                });
                let Some((member, basis)) = found else { continue };
                for of in &member.of {
                    told.entry((of.clone(), basis.clone()))
                        .or_default()
                        .insert(format!("{}[{pid}]", shown(&behaviour.comm)));
                }
            }
        }
        told.into_iter()
            .take(MOST_TOLD)
            .map(|((of, basis), processes)| {
                let more = processes.len().saturating_sub(MOST_NAMED);
                let named: Vec<String> = processes.into_iter().take(MOST_NAMED).collect();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{of}: {}{more} ({basis})", named.join(", "))
            })
            .collect()
    }

    fn find(&self, host: u32, pid: i64, names: &[&[u8]]) -> Option<&Member> {
        let is_same = |known: &String| {
            names.iter().any(|name| !name.is_empty() && (*name == known.as_bytes() || is_cut(known, name)))
        };
        self.members.get(&(host, pid))?.iter().find(|member| member.names.iter().any(is_same))
    }
}

/// The kernel cuts names to fifteen bytes.
fn is_cut(known: &str, name: &[u8]) -> bool {
    name.len() == 15 && known.as_bytes().starts_with(name)
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn member(pid: u32, process: &Process, state: &HostState) -> Option<Member> {
    let group = process.cgroup.as_deref().map(cgroup::parse).unwrap_or_default();
    let by_pid = state.containers.iter().find(|seen| seen.value.pid == Some(pid));
    let by_id = state.containers.iter().find(|seen| match (&group.container, &seen.value.id) {
        (Some((_, id)), Some(known)) => id == known,
        _ => false,
    });
    let basis = match (process.cgroup.is_some(), by_pid) {
        (true, _) => "control group at collection",
        (false, _) => "description of the container at collection",
    };
    let of = words(&group, by_id.or(by_pid), state);
    let mut names: Vec<String> = process.comm.iter().cloned().collect();
    let exe = process.exe.as_ref().and_then(|exe| exe.value.rsplit('/').next().map(str::to_owned));
    names.extend(exe);
    (!of.is_empty() && !names.is_empty()).then_some(Member { names, of, basis })
}

/// The container, the pod, and the unit where it is none of a container's own.
fn words(group: &Group, container: Option<&Fact<ContainerSeen>>, state: &HostState) -> Vec<String> {
    let mut of = Vec::new();
    let container = container.map(|seen| &seen.value);
    match (container, &group.container) {
        (Some(seen), Some((runtime, id))) => of.push(format!("container {} ({runtime} {id:.12})", seen.name)),
        (Some(seen), None) => of.push(format!("container {}", seen.name)),
        (None, Some((runtime, id))) => of.push(format!("container {runtime} {id:.12}")),
        (None, None) => {}
    }
    let named = container.and_then(|seen| seen.pod.clone()).or_else(|| {
        let uid = group.pod.as_ref()?;
        let of_uid = |seen: &&Fact<ContainerSeen>| seen.value.pod_uid.as_ref() == Some(uid);
        state.containers.iter().find(of_uid)?.value.pod.clone()
    });
    match (named, &group.pod) {
        (Some(name), _) => of.push(format!("pod {name}")),
        (None, Some(uid)) => of.push(format!("pod {uid}")),
        (None, None) => {}
    }
    if of.is_empty() {
        of.extend(group.unit.clone().filter(|unit| unit != "init.scope"));
    }
    of
}
