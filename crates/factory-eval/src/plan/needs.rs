//! What a plan needs beside the service's address.

use super::{Action, Check, Plan, Source};

impl Plan {
    /// What it does or looks at that only a deployment of its own offers, in words; nothing if the service's address is
    /// enough. The scratch folder and the log of a service that somebody else runs are not ours to see.
    pub fn needs_deployment(&self) -> Option<&'static str> {
        self.steps.iter().find_map(|step| match &step.action {
            Action::Send { .. }
            | Action::Wait(_)
            | Action::MailWindow
            | Action::NameAnswer(_)
            | Action::Fresh { .. } => None,
            Action::Run(_) => Some("it runs a command"),
            Action::WriteFile { .. } | Action::MakeFolder(_) | Action::RemoveFile(_) => {
                Some("it writes files")
            }
            Action::Advance(_) => Some("it moves the service's clock"),
            Action::MailServer(_) => Some("it changes the mail server"),
            Action::Seed { .. } => Some("it fills a database"),
            Action::Restart(_) => Some("it restarts the service"),
            Action::Capture(capture) => match &capture.from {
                Source::Header(..) | Source::Body(_) | Source::Field(..) => None,
                Source::Link(..) | Source::MailMatch(_) => Some("it looks into mails"),
                Source::Output(_) => Some("it looks at the output of a command"),
            },
            Action::Check(check) => match check {
                Check::Status { .. }
                | Check::Tally { .. }
                | Check::Sequence(_)
                | Check::Header(..)
                | Check::Body(..)
                | Check::Field(..)
                | Check::Fields { .. }
                | Check::Within(..)
                | Check::SameAnswers { .. }
                | Check::Value(..)
                | Check::SameValues { .. } => None,
                Check::Mails { .. }
                | Check::Mail(..)
                | Check::Links { .. }
                | Check::Link(..)
                | Check::LinkStandsAlone => Some("it looks into mails"),
                Check::Files { .. } | Check::File(..) | Check::Folder { .. } => Some("it looks into files"),
                Check::Query(..) => Some("it looks into a database"),
                Check::Log { .. } => Some("it looks into the service's log"),
                Check::Exit(_) | Check::Output(..) => Some("it looks at the output of a command"),
            },
        })
    }
}
