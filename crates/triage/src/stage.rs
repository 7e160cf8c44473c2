//! The stages of an intrusion, as an incident tells them.

use serde::Deserialize;

/// A stage, in the order of telling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The way in.
    Entry,
    /// Programs and scripts.
    Execution,
    /// Looking around.
    Discovery,
    /// Secrets.
    CredentialAccess,
    /// More rights.
    PrivilegeEscalation,
    /// Staying.
    Persistence,
    /// Switching off what watches, or wiping traces.
    DefenceImpairment,
    /// Out of a container or a sandbox.
    Escape,
    /// To and from other machines.
    CommandAndControl,
    /// Data gathered and taken.
    Collection,
    /// Damage.
    Impact,
    /// Nothing hostile is claimed: configuration, loss.
    #[default]
    None,
}

impl Stage {
    /// The words used in tables and sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Entry => "entry",
            Stage::Execution => "execution",
            Stage::Discovery => "discovery",
            Stage::CredentialAccess => "credential access",
            Stage::PrivilegeEscalation => "privilege escalation",
            Stage::Persistence => "persistence",
            Stage::DefenceImpairment => "defence impairment",
            Stage::Escape => "escape",
            Stage::CommandAndControl => "command and control",
            Stage::Collection => "collection",
            Stage::Impact => "impact",
            Stage::None => "",
        }
    }
}
