//! Whether a condition holds.

use super::variables::{Scope, Variables};
use crate::syntax::{Comparison, Expression, Word};

/// Evaluates a condition.
///
/// # Errors
///
/// A boolean without value, a variable that cannot be expanded.
pub(super) fn holds(expression: &Expression, variables: &Variables) -> Result<bool, String> {
    match expression {
        Expression::Constant(value) => Ok(*value),
        Expression::Boolean(name, _) => variables
            .boolean(name)
            .ok_or_else(|| format!("the boolean ${} has no value", name.escape_ascii())),
        Expression::DefinedBoolean(name) => Ok(variables.boolean(name).is_some()),
        Expression::DefinedVariable(name) => Ok(variables.is_defined(name)),
        Expression::Not(inner) => holds(inner, variables).map(|value| !value),
        // Both sides are looked at, so that a boolean without value is found on either.
        Expression::And(one, other) => Ok(holds(one, variables)? & holds(other, variables)?),
        Expression::Or(one, other) => Ok(holds(one, variables)? | holds(other, variables)?),
        Expression::Compare(left, comparison, right) => compare(left, *comparison, right, variables),
    }
}

fn compare(left: &Word, comparison: Comparison, right: &Word, variables: &Variables) -> Result<bool, String> {
    let expand = |word: &Word| {
        let mut values = variables.expand(&word.value, &Scope::default())?;
        values.sort();
        Ok::<_, String>(values)
    };
    let (left, right) = (expand(left)?, expand(right)?);
    if comparison == Comparison::In {
        return Ok(left.iter().all(|value| right.contains(value)));
    }
    let number = |values: &[Vec<u8>]| match values {
        [value] => std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok()),
        _ => None,
    };
    let order = match (number(&left), number(&right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.cmp(&right),
    };
    Ok(match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::In => false,
    })
}
