//! The topics of `arkws help`.

/// Something that concerns several subcommands, or is too long for the help of one.
pub(super) struct Topic {
    pub(super) name: &'static str,
    /// In one line.
    pub(super) about: &'static str,
    pub(super) text: &'static str,
}

/// All of them, in the order in which they are listed.
pub(super) const TOPICS: &[Topic] = &[
    Topic {
        name: "exit-status",
        about: "what the exit status says",
        text: include_str!("exit-status.txt"),
    },
    Topic {
        name: "jsonl",
        about: "what connect --jsonl writes",
        text: include_str!("jsonl.txt"),
    },
    Topic {
        name: "script",
        about: "what serve --script plays",
        text: include_str!("script.txt"),
    },
    Topic {
        name: "rules",
        about: "which messages proxy --rules edits, drops and injects",
        text: include_str!("rules.txt"),
    },
    Topic {
        name: "tls",
        about: "certificates that are trusted, presented and served",
        text: include_str!("tls.txt"),
    },
    Topic {
        name: "proxies",
        about: "which proxy a connection goes through",
        text: include_str!("proxies.txt"),
    },
    Topic {
        name: "environment",
        about: "variables that are heeded",
        text: include_str!("environment.txt"),
    },
];
