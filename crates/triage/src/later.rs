//! Loads of profiles that the state at collection shows to be more than somebody's new profile.

use aaf_model::Level;

use crate::behaviour::Behaviour;
use crate::finding::Finding;

/// A profile that was loaded by itself after the host's policy and confines nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedLater {
    /// Rank of the host.
    pub host: u32,
    /// The profile.
    pub profile: Vec<u8>,
    /// How that is known.
    pub basis: String,
}

/// Raises what was found of their loads.
pub(crate) fn raise(findings: &mut [Finding], behaviours: &[Behaviour], later: &[LoadedLater]) {
    if later.is_empty() {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| finding.noise.is_none() && !finding.is_sequence) {
        let is_of = |it: &&LoadedLater| {
            !finding.behaviours.is_empty()
                && finding.behaviours.iter().map(|&at| &behaviours[at]).all(|behaviour| {
                    behaviour.operation == b"profile_load"
                        && behaviour.host == it.host
                        && behaviour.profile == it.profile
                })
        };
        let Some(found) = later.iter().find(is_of) else { continue };
        finding.reasons.push(format!("raised: {}", found.basis));
        if finding.level < Level::Medium {
            finding.level = Level::Medium;
            finding.attack =
                "a profile that confines nothing, loaded by itself under a name of somebody's choice"
                    .to_owned();
            finding.action =
                "Find who loaded it and from which file (session, sudo log); unload it unless a package brought it; look at \
                 what it attaches to."
                    .to_owned();
        }
    }
}
