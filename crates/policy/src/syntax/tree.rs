//! The nouns of a parsed file.

use std::sync::Arc;

use super::words::{Access, ExecMode};
use crate::diagnostic::{Problem, Span};

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub struct SourceFile {
    /// The file's bytes.
    pub text: Vec<u8>,
    /// What stands in it, in order; between the items lies only blank space.
    pub items: Vec<Item>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Something that stands in a file, in a profile or in a block.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its bytes, with the closing comma or brace.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// The kinds of items.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `# …`
    Comment,
    /// `include …`
    Include(Include),
    /// `abi …,`
    Abi(IncludePath),
    /// `@{name} = …`
    Variable(Assignment),
    /// `$name = …`
    Boolean(BooleanAssignment),
    /// `alias A -> B,`
    Alias(Alias),
    /// A profile, child profile or hat.
    Profile(Box<Profile>),
    /// One rule.
    Rule(Arc<Rule>),
    /// Qualifiers for the rules between braces.
    Block(Block),
    /// `if … { } else { }`
    Conditional(Conditional),
    /// Not understood; kept as it stands.
    Unknown,
}

/// A word or a quoted string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Its bytes, with the quotes.
    pub span: Span,
    /// Its bytes without the quotes; escapes are kept, since they speak to the glob.
    pub value: Vec<u8>,
    /// Whether it stood in quotes.
    pub quoted: bool,
}

/// How an include or `abi` names its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncludePath {
    /// Without brackets and quotes.
    pub path: Vec<u8>,
    /// `<…>`: looked for below the base directory.
    pub magic: bool,
}

/// `include [if exists] …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// What to include.
    pub target: IncludePath,
    /// A missing file is no error.
    pub if_exists: bool,
    /// Written as `#include`.
    pub hash: bool,
}

/// What an assignment does with the values there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignOperator {
    /// `=`: gives a new variable its values.
    Set,
    /// `+=`: adds values.
    Add,
    /// `?=`: gives values where there are none.
    Default,
    /// `:=`: replaces.
    Override,
}

/// `@{name} = values`
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The name without `@{}`.
    pub name: Vec<u8>,
    /// What to do.
    pub operator: AssignOperator,
    /// The values, as written.
    pub values: Vec<Word>,
}

/// `$name = …`
#[derive(Clone, Debug)]
pub struct BooleanAssignment {
    /// The name without `$`.
    pub name: Vec<u8>,
    /// What to do.
    pub operator: AssignOperator,
    /// The value.
    pub value: Expression,
}

/// `alias from -> to,`
#[derive(Clone, Debug)]
pub struct Alias {
    /// The path in rules.
    pub from: Word,
    /// The path that is permitted as well.
    pub to: Word,
}

/// A conditional's branches; the last may have no condition.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// `if`, `else if`, `else`, in order.
    pub branches: Vec<Branch>,
}

/// One branch of a conditional.
#[derive(Clone, Debug)]
pub struct Branch {
    /// When it holds; `None` for `else`.
    pub condition: Option<Expression>,
    /// From the opening to the closing brace.
    pub span: Span,
    /// What stands in it.
    pub items: Vec<Item>,
}

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `true` or `false`.
    Constant(bool),
    /// `$name`
    Boolean(Vec<u8>, Span),
    /// `defined $name`
    DefinedBoolean(Vec<u8>),
    /// `defined @{name}`
    DefinedVariable(Vec<u8>),
    /// `not …`
    Not(Box<Expression>),
    /// `… and …`
    And(Box<Expression>, Box<Expression>),
    /// `… or …`
    Or(Box<Expression>, Box<Expression>),
    /// A comparison of values.
    Compare(Word, Comparison, Word),
}

/// Comparisons in conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
}

/// What began a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileKind {
    /// `profile NAME`
    Keyword,
    /// `/path {`, without keyword: deprecated.
    Path,
    /// `^NAME` or `hat NAME`
    Hat,
}

/// A flag of a profile: `complain`, `attach_disconnected.path=/x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The word before `=`.
    pub name: Vec<u8>,
    /// The word behind it.
    pub value: Option<Vec<u8>>,
    /// Where it stands.
    pub span: Span,
}

/// A profile, child or hat.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How it was written.
    pub kind: ProfileKind,
    /// The name.
    pub name: Word,
    /// The attachment, where one is given beside the name.
    pub attachment: Option<Word>,
    /// The extended attributes that an executable must have.
    pub xattrs: Vec<Part>,
    /// The flags.
    pub flags: Vec<Flag>,
    /// From the first word to before the opening brace.
    pub header: Span,
    /// What stands between the braces.
    pub items: Vec<Item>,
}

/// Qualifiers for all rules between braces.
#[derive(Clone, Debug)]
pub struct Block {
    /// The qualifiers.
    pub qualifiers: Qualifiers,
    /// The rules.
    pub items: Vec<Item>,
}

/// What a rule does with what it matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Permits it.
    #[default]
    Allow,
    /// Forbids it.
    Deny,
    /// Asks a daemon in user space.
    Prompt,
}

/// To whose objects a rule applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ownership {
    /// To all.
    #[default]
    Any,
    /// Where the task's fsuid owns the object.
    Owner,
    /// Where it does not.
    Other,
}

/// What may stand before a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Qualifiers {
    /// `priority=N`, -1000 to 1000.
    pub priority: Option<i32>,
    /// `audit`
    pub audit: bool,
    /// `allow`, `deny`, `prompt`, where written.
    pub effect: Option<Effect>,
    /// `owner` or `other`.
    pub ownership: Ownership,
}

impl Qualifiers {
    /// What applies to a rule inside a block with the qualifiers `outer`.
    #[must_use]
    pub fn within(self, outer: Qualifiers) -> Qualifiers {
        Qualifiers {
            priority: self.priority.or(outer.priority),
            audit: self.audit || outer.audit,
            effect: self.effect.or(outer.effect),
            ownership: if self.ownership == Ownership::Any { outer.ownership } else { self.ownership },
        }
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What stands before it.
    pub qualifiers: Qualifiers,
    /// What it is about.
    pub kind: RuleKind,
}

/// The kinds of rules.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// `/path rw,` and `file,`
    File(FileRule),
    /// `link [subset] A -> B,`
    Link(LinkRule),
    /// `capability …,`
    Capability(Vec<Word>),
    /// `network …,`
    Network(Vec<Part>),
    /// `mount …,` and its kin.
    Mount(MountRule),
    /// `pivot_root …,`
    PivotRoot(Vec<Part>),
    /// `signal …,`
    Signal(Vec<Part>),
    /// `ptrace …,`
    Ptrace(Vec<Part>),
    /// `unix …,`
    Unix(Vec<Part>),
    /// `dbus …,`
    Dbus(Vec<Part>),
    /// `userns …,`
    Userns(Vec<Part>),
    /// `mqueue …,`
    Mqueue(Vec<Part>),
    /// `io_uring …,`
    IoUring(Vec<Part>),
    /// `all,`
    All,
    /// `change_profile …,`
    ChangeProfile(ChangeProfileRule),
    /// `set rlimit …,`
    Rlimit(Word, Vec<u8>),
}

/// `/path rwx -> target,`
#[derive(Clone, Debug)]
pub struct FileRule {
    /// The glob; `None` for `file,`.
    pub path: Option<Word>,
    /// What is permitted or denied.
    pub access: Access,
    /// How it may be executed.
    pub exec: Option<ExecMode>,
    /// The profile to change to.
    pub target: Option<Word>,
    /// `safe` (true) or `unsafe` (false), where written.
    pub safe: Option<bool>,
}

/// `link subset A -> B,`
#[derive(Clone, Debug)]
pub struct LinkRule {
    /// The new name.
    pub link: Word,
    /// What it may lead to; everything where absent.
    pub target: Option<Word>,
    /// The new name's permissions must be a subset of the target's.
    pub subset: bool,
}

/// What a mount rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// `mount`
    Mount,
    /// `remount`
    Remount,
    /// `umount` and `unmount`
    Umount,
}

/// `mount fstype=… options=… source -> mountpoint,`
#[derive(Clone, Debug)]
pub struct MountRule {
    /// Which of them.
    pub kind: MountKind,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The device or directory.
    pub source: Option<Word>,
    /// Where it goes.
    pub mountpoint: Option<Word>,
}

/// `change_profile safe /exec -> target,`
#[derive(Clone, Debug)]
pub struct ChangeProfileRule {
    /// The executable at whose exec the change takes place.
    pub exec: Option<Word>,
    /// The profile; any where absent.
    pub target: Option<Word>,
    /// `safe` (true) or `unsafe` (false), where written.
    pub safe: Option<bool>,
}

/// A part of a rule that consists of words and conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A word.
    Word(Word),
    /// `( … )`
    List(Vec<Part>, Span),
    /// `key=value`
    Condition(Condition),
    /// `->`
    Arrow(Span),
}

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionOperator {
    /// `=`
    Equals,
    /// `in`
    In,
    /// `:=`
    Assign,
}

/// `key=value`, `key=(value value)`, `key in (value value)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The key.
    pub key: Word,
    /// How.
    pub operator: ConditionOperator,
    /// The values; conditions for `peer=(…)`.
    pub values: Vec<Part>,
    /// Whether the values stood in parentheses.
    pub list: bool,
}

impl Condition {
    /// The values that are plain words.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.values.iter().filter_map(|part| match part {
            Part::Word(word) => Some(word),
            _ => None,
        })
    }
}
