//! The network: PQ-21 to PQ-23.

use super::{Linter, Severity};
use crate::resolve::{Generation, ResolvedProfile};
use crate::syntax::validate::{access_words, conditions};
use crate::syntax::words::{DOMAINS, PROTOCOLS, SOCKET_TYPES, knows};
use crate::syntax::{Effect, RuleKind};

const RARE_DOMAINS: [&str; 5] = ["packet", "alg", "vsock", "key", "rds"];

pub(super) fn check(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    for rule in profile.rules.iter().filter(|rule| rule.effect() != Effect::Deny) {
        let RuleKind::Network(parts) = &rule.rule.kind else { continue };
        let words: Vec<&[u8]> = access_words(parts).map(|word| word.value.as_slice()).collect();
        let domain = words.iter().find(|word| knows(&DOMAINS, word)).copied();
        let behind = words.iter().filter(|word| Some(**word) != domain);
        let kind = behind.copied().find(|word| knows(&SOCKET_TYPES, word) || knows(&PROTOCOLS, word));
        let limited = conditions(parts).next().is_some();
        let internet = matches!(domain, None | Some(b"inet" | b"inet6"));
        let rare = domain.is_some_and(|domain| knows(&RARE_DOMAINS, domain))
            || matches!(kind, Some(b"raw" | b"packet"));
        if rare && !limited {
            // Looking up names and interfaces takes netlink in most services.
            let usual = domain == Some(b"netlink");
            linter.rule("PQ-22", usual.then_some(Severity::Medium), profile, rule, "");
        } else if internet && kind.is_none() && !limited {
            linter.rule(
                "PQ-21",
                None,
                profile,
                rule,
                if domain.is_none() { "any family" } else { "any type" },
            );
        } else if internet && !limited && supports_addresses(profile) {
            linter.rule("PQ-23", None, profile, rule, "");
        }
    }
}

/// Whether the policy is for parsers that know addresses and ports.
fn supports_addresses(profile: &ResolvedProfile) -> bool {
    profile.generation >= Generation::V4
        && profile.abi.as_deref().is_some_and(|abi| abi.ends_with("/4.0") || abi.ends_with("/5.0"))
}
