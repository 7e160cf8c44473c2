use crate::Output;
pub fn needed(_: &[u8]) -> bool {
    false
}
pub fn parse(_: &[u8], _: &mut Output) {}
