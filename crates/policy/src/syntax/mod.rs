//! One file as a tree of items that knows every byte.
//!
//! [`parse`] never fails: an item that is no AppArmor policy is kept as [`ItemKind::Unknown`] with a
//! [`Problem`](crate::Problem).
//! [`print()`] gives the text back from the tree; `print(&parse(text)) == text` for any bytes.

mod body;
mod cursor;
mod expression;
mod file_rule;
mod header;
mod mounts;
mod parts;
mod preamble;
mod print;
mod rule;
mod sockets;
pub mod tree;
pub(crate) mod validate;
pub mod words;

pub use body::parse;
pub use print::print;
pub use tree::*;
