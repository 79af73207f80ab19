//! What was looked at, and what was found.

use std::path::Path;

use factory_core::ids::Digest;
use serde::Serialize;

use super::anchors::Held;
use super::signatures::Doubt;
use crate::exit::Exit;
use crate::verbs::decision::plain;

/// Something that is not as it was written.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The entry that it is about or shows at.
    position: Option<u64>,
    /// Where it was found: `ledger`, `checkpoint …`, `commit …`, `signature`.
    found_in: String,
    /// What is wrong.
    detail: String,
}

/// How much was looked at.
#[derive(Debug, Default, Serialize)]
pub(super) struct Checked {
    pub(super) entries: usize,
    pub(super) runs: usize,
    pub(super) checkpoints: usize,
    pub(super) signed_checkpoints: usize,
    pub(super) commits: usize,
    pub(super) signed_decisions: usize,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    clean: bool,
    count: u64,
    first: Option<Digest>,
    head: Option<Digest>,
    findings: Vec<Finding>,
    /// What could not be looked at.
    unseen: Vec<Finding>,
    notes: Vec<String>,
    pub(super) checked: Checked,
    /// The file that keys were held against.
    allowed_signers: Option<String>,
}

impl Report {
    pub(super) fn finding(&mut self, position: Option<u64>, found_in: &str, detail: String) {
        self.findings.push(Finding { position, found_in: found_in.to_owned(), detail });
    }

    /// Something that is not known to hold; `whose` begins the sentence.
    pub(super) fn doubt(&mut self, position: Option<u64>, found_in: &str, whose: &str, why: Doubt) {
        let (all, why) = match why {
            Doubt::Wrong(why) => (&mut self.findings, why),
            Doubt::Unseen(why) => (&mut self.unseen, why),
        };
        all.push(Finding { position, found_in: found_in.to_owned(), detail: format!("{whose}{why}") });
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(super) fn held(&mut self, held: &Held) {
        self.count = held.count;
        self.first.clone_from(&held.first);
        self.head = held.count.checked_sub(1).and_then(|last| held.hashes.get(&last).cloned());
    }

    pub(super) fn keys(&mut self, allowed: Option<&Path>) {
        self.allowed_signers = allowed.map(|path| path.display().to_string());
    }

    /// What is wrong counts more than what could not be seen: it is so whatever that would have said.
    pub(super) fn exit(&self) -> Exit {
        match (self.findings.is_empty(), self.unseen.is_empty()) {
            (true, true) => Exit::Clean,
            (true, false) => Exit::Usage,
            (false, _) => Exit::Failed,
        }
    }

    /// By place, the first bad entry first; what is about none comes last.
    pub(super) fn sorted(&mut self) -> &Self {
        for all in [&mut self.findings, &mut self.unseen] {
            all.sort_by_key(|finding| finding.position.unwrap_or(u64::MAX));
        }
        self.clean = self.findings.is_empty() && self.unseen.is_empty();
        self
    }

    pub(super) fn screen(&self) -> String {
        let Checked { entries, runs, checkpoints, signed_checkpoints, commits, signed_decisions } =
            self.checked;
        let mut text = match &self.head {
            Some(head) => format!("{} entries, head {head}\n", self.count),
            None => format!("{} entries\n", self.count),
        };
        text.push_str(&format!(
            "checked: {entries} entries, the logs of {runs} runs, {checkpoints} checkpoints ({signed_checkpoints} signed), \
             {commits} commits that name a ledger, {signed_decisions} signed decisions\n"
        ));
        text.push_str(&match &self.allowed_signers {
            Some(path) => format!("keys: held against the allowed signers in {}\n", plain(path)),
            None if signed_checkpoints + signed_decisions == 0 => String::new(),
            None => "keys: held against nobody's list (ssh-keygen -Y check-novalidate); git config \
                     gpg.ssh.allowedSignersFile names one\n"
                .to_owned(),
        });
        for note in &self.notes {
            text.push_str(&format!("note: {}\n", plain(note)));
        }
        let line = |finding: &Finding| format!("{}: {}\n", plain(&finding.found_in), plain(&finding.detail));
        for unseen in &self.unseen {
            text.push_str(&format!("NOT LOOKED AT: {}", line(unseen)));
        }
        match self.findings.split_first() {
            None if self.unseen.is_empty() => text.push_str("nothing is wrong\n"),
            None => text.push_str(&format!(
                "{} could not be looked at; nothing is wrong with the rest\n",
                self.unseen.len()
            )),
            Some((first, rest)) => {
                text.push_str(&format!("\nFIRST: {}", line(first)));
                for finding in rest {
                    text.push_str(&format!("  then {}", line(finding)));
                }
                text.push_str(&format!("{} findings\n", self.findings.len()));
            }
        }
        text
    }
}
