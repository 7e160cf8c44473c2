//! What was attempted, and what came of it; the words used in every output.

macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant),* }
        impl $name {
            /// Every one, in the order in which they are shown.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// The word used in tables.
            pub const fn as_str(self) -> &'static str { match self { $($name::$variant => $text),* } }
        }
    };
}

words! {
    /// What the process tried to do.
    Attempt {
        /// Run a program.
        Exec = "exec",
        /// Read secrets: password hashes, private keys, tokens.
        CredentialRead = "credential-read",
        /// Write where it would be run or read again: cron, units, start-up files, keys.
        PersistenceWrite = "persistence-write",
        /// Use a capability.
        Capability = "capability",
        /// Use the network or a socket.
        Network = "network",
        /// Trace or signal another process.
        PtraceSignal = "ptrace-signal",
        /// Mount, or create a namespace.
        MountNamespace = "mount-namespace",
        /// Load, replace or remove policy.
        PolicyChange = "policy-change",
        /// Change its own confinement: change_profile, change_hat, stack.
        ConfinementChange = "confinement-change",
        /// Read, map or inspect another file.
        FileRead = "file-read",
        /// Write, create, remove or change another file.
        FileWrite = "file-write",
        /// Talk over D-Bus or message queues.
        Ipc = "ipc",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// What came of it, in words that are never mixed up.
    Outcome {
        /// AppArmor refused this check.
        Refused = "refused",
        /// AppArmor refused it and killed the task.
        Killed = "killed",
        /// The joined SYSCALL record says success=yes.
        Succeeded = "succeeded",
        /// AppArmor did not stop it, and the joined SYSCALL record says that the call failed for another reason.
        Failed = "failed",
        /// AppArmor did not stop it; the outcome is unknown.
        NotStopped = "not-stopped",
        /// The kernel recorded a change of policy; whether content or mode changed is not recorded.
        Recorded = "recorded",
    }
}
