//! For programs: everything that is known, with its places.

use std::io;

use aaf_case::Surveyed;
use aaf_coverage::HostState;
use aaf_coverage::answers::{Coverage, StatusRecord};
use serde::Serialize;

use super::fleet::{Differing, Fleet, differing, fleet};

/// The version of this shape.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct All<'h> {
    format_version: u32,
    fleet: Fleet,
    not_assessable: &'h [String],
    differing_profiles: Vec<Differing>,
    hosts: Vec<Host<'h>>,
}

#[derive(Serialize)]
struct Host<'h> {
    host: Option<&'h str>,
    path: &'h str,
    kind: Option<&'h str>,
    os: Option<&'h str>,
    kernel: Option<&'h str>,
    collected: Option<&'h str>,
    coverage: &'h Coverage,
    state: &'h HostState,
    policy_records: &'h [StatusRecord],
}

/// Writes all hosts as one object.
pub fn json(surveyed: &Surveyed, out: &mut dyn io::Write) -> io::Result<()> {
    let hosts = &surveyed.hosts;
    let all = All {
        format_version: FORMAT_VERSION,
        fleet: fleet(hosts),
        not_assessable: &surveyed.not_assessable,
        differing_profiles: differing(hosts),
        hosts: hosts
            .iter()
            .map(|host| Host {
                host: host.host.as_deref(),
                path: &host.path,
                kind: host.kind.as_deref(),
                os: host.os.as_deref(),
                kernel: host.kernel.as_deref(),
                collected: host.collected.as_deref(),
                coverage: &host.coverage,
                state: &host.state,
                policy_records: &host.status,
            })
            .collect(),
    };
    crate::json::write_pretty(out, &all)
}
