//! Which profile a task should run under, by what it executes.

use serde::Serialize;

use crate::attach::{Attachment, Variables};
use crate::fact::{Fact, How};
use crate::state::{HostState, Process, Profile};

/// A profile that attaches to what a task executes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Its name.
    pub profile: String,
    /// The file that it attaches to.
    pub executable: Fact<String>,
    /// What it attaches to, as it is written.
    pub attachment: Fact<String>,
}

/// All attachments of a host.
pub(super) struct Index<'s> {
    all: Vec<(&'s Profile, Attachment, &'s Fact<String>)>,
}

impl<'s> Index<'s> {
    pub fn new(state: &'s HostState) -> Index<'s> {
        let none = Variables::new();
        let all = state
            .profiles
            .values()
            .filter(|profile| !profile.is_child)
            .filter_map(|profile| {
                let attachment = profile.attachment.as_ref()?;
                Some((profile, Attachment::new(&attachment.value, &none), attachment))
            })
            .collect();
        Index { all }
    }

    /// The best match among profiles that the caller wants.
    pub fn expected(
        &self,
        process: &Process,
        wanted: impl Fn(&Profile) -> bool,
    ) -> Option<(&'s Profile, Expected)> {
        for executable in process.executed() {
            // What only the command line says may be a name from before /usr was merged.
            let merged = (executable.how == How::Inferred).then(|| format!("/usr{}", executable.value));
            let best = self
                .all
                .iter()
                .filter(|(profile, ..)| wanted(profile))
                .filter_map(|(profile, matcher, attachment)| {
                    let by_merged = || matcher.matches(merged.as_ref()?);
                    let score = matcher.matches(&executable.value).or_else(by_merged)?;
                    Some((score, *profile, *attachment))
                })
                // Of equals the first name, so that the answer does not depend on order.
                .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.name.cmp(&a.1.name)));
            if let Some((_, profile, attachment)) = best {
                let expected = Expected {
                    profile: profile.name.clone(),
                    executable: executable.clone(),
                    attachment: attachment.clone(),
                };
                return Some((profile, expected));
            }
        }
        None
    }
}
