//! What mount rules may say.

use super::cursor::Parsed;
use super::tree::{Condition, ConditionOperator, MountRule, Part};
use super::validate::fail;
use super::words::{MAKE_OPTIONS, OPPOSITE_OPTIONS, SINGLE_OPTIONS, knows};
use crate::diagnostic::Span;

pub(super) fn mount(rule: &MountRule, span: Span) -> Parsed<()> {
    for condition in &rule.conditions {
        let key = &condition.key;
        match key.value.as_slice() {
            b"fstype" | b"vfstype" => {
                if !condition.list && condition.words().any(|word| has_outer_comma(&word.value)) {
                    return fail(key.span, "several file systems stand in parentheses");
                }
            }
            b"options" | b"option" => options(condition)?,
            other => {
                return fail(
                    key.span,
                    format!("there is no condition '{}' in mount rules", other.escape_ascii()),
                );
            }
        }
        if condition.values.iter().any(|part| !matches!(part, Part::Word(_))) {
            return fail(key.span, "the values are plain words");
        }
    }
    let makes = rule.conditions.iter().filter(|one| one.key.value.starts_with(b"option")).any(|condition| {
        condition.operator == ConditionOperator::Equals
            && condition.words().any(|word| knows(&MAKE_OPTIONS, &word.value))
    });
    if makes && rule.source.is_some() && rule.mountpoint.is_some() {
        return fail(span, "what changes the propagation of a mount has no source");
    }
    Ok(())
}

/// Whether a comma stands outside of braces.
fn has_outer_comma(text: &[u8]) -> bool {
    let mut braces = 0_usize;
    text.iter().any(|byte| {
        match byte {
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        *byte == b',' && braces == 0
    })
}

/// The options that contradict an option.
fn opposites(option: &[u8]) -> Vec<&'static str> {
    let both = OPPOSITE_OPTIONS.iter().flat_map(|(one, two)| [(*one, *two), (*two, *one)]);
    both.filter(|(one, _)| one.as_bytes() == option).map(|(_, other)| other).collect()
}

fn options(condition: &Condition) -> Parsed<()> {
    for word in condition.words() {
        let shown = word.value.escape_ascii();
        let known = knows(&SINGLE_OPTIONS, &word.value)
            || knows(&MAKE_OPTIONS, &word.value)
            || !opposites(&word.value).is_empty();
        if !known {
            return fail(word.span, format!("there is no mount option '{shown}'"));
        }
        let contradiction = opposites(&word.value)
            .into_iter()
            .find(|other| condition.words().any(|word| word.value == other.as_bytes()));
        if let Some(other) = contradiction
            && condition.operator == ConditionOperator::Equals
        {
            return fail(word.span, format!("'{shown}' and '{other}' contradict each other"));
        }
    }
    Ok(())
}
