//! What the mail server has received, and waiting for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mail_parser::{Address, MessageParser};
use tokio::sync::watch;

/// Mails kept at most; further ones are refused with 452, so that a candidate that loops cannot fill the memory.
pub(crate) const MAX_MAILS: usize = 10_000;

/// One mail as it was received.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where it stands among all mails of this server, from 0.
    pub order: usize,
    /// When its last byte had arrived.
    pub received: Instant,
    /// The address of `MAIL FROM`, without angle brackets; empty for a bounce.
    pub sender: String,
    /// The addresses of `RCPT TO`, in order: where the mail really goes.
    pub recipients: Vec<String>,
    /// The address in the `From` field, if it has one.
    pub from: Option<String>,
    /// The addresses in the `To` field.
    pub to: Vec<String>,
    /// The decoded `Subject`; empty if there is none.
    pub subject: String,
    /// The first plain text body, decoded; made from the HTML body if there is only that.
    pub text: String,
    /// The message as it was sent, dot-stuffing undone, lines ended by CRLF.
    pub raw: Vec<u8>,
}

impl Mail {
    fn parse(order: usize, sender: String, recipients: Vec<String>, raw: Vec<u8>) -> Self {
        let parsed = MessageParser::default().parse(&raw);
        let addresses = |field: Option<&Address<'_>>| -> Vec<String> {
            field
                .map(|address| address.iter().filter_map(|one| one.address()).map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let (from, to, subject, text) = match &parsed {
            Some(message) => (
                addresses(message.from()).into_iter().next(),
                addresses(message.to()),
                message.subject().unwrap_or_default().to_owned(),
                message.body_text(0).map(|text| text.into_owned()).unwrap_or_default(),
            ),
            None => (None, Vec::new(), String::new(), String::from_utf8_lossy(&raw).into_owned()),
        };
        Mail { order, received: Instant::now(), sender, recipients, from, to, subject, text, raw }
    }

    /// Whether the mail goes to `address`. Letter case does not count, as mail servers have it.
    pub fn goes_to(&self, address: &str) -> bool {
        self.recipients.iter().any(|recipient| recipient.eq_ignore_ascii_case(address))
    }
}

/// The mails of one server. `activity` counts every change, so that waiting never polls.
#[derive(Debug)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    activity: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<Arc<Mail>>,
    open: usize,
    last_activity: Option<Instant>,
}

impl Mailbox {
    pub(crate) fn new() -> Self {
        Mailbox { state: Mutex::default(), activity: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding the lock cannot leave a half-made state: every change is one push or one number.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.activity.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn mails(&self) -> Vec<Arc<Mail>> {
        self.lock().mails.clone()
    }

    /// Keeps a mail; `false` when there are too many already.
    pub(crate) fn keep(&self, sender: String, recipients: Vec<String>, raw: Vec<u8>) -> bool {
        {
            let mut state = self.lock();
            if state.mails.len() >= MAX_MAILS {
                return false;
            }
            let mail = Mail::parse(state.mails.len(), sender, recipients, raw);
            state.last_activity = Some(mail.received);
            state.mails.push(Arc::new(mail));
        }
        self.changed();
        true
    }

    /// Notes that a client has begun to hand over a mail, until the value is dropped.
    pub(crate) fn transaction(self: &Arc<Self>) -> Transaction {
        self.lock().open += 1;
        Transaction { mailbox: Arc::clone(self) }
    }

    pub(crate) async fn wait_for(
        &self,
        predicate: impl Fn(&[Arc<Mail>]) -> bool,
        within: Duration,
    ) -> Option<Vec<Arc<Mail>>> {
        let deadline = tokio::time::Instant::now() + within;
        let mut changes = self.activity.subscribe();
        loop {
            changes.borrow_and_update();
            let mails = self.mails();
            if predicate(&mails) {
                return Some(mails);
            }
            // The sender lives in `self`, so the only way out of waiting besides a change is the deadline.
            if !matches!(tokio::time::timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                let mails = self.mails();
                return predicate(&mails).then_some(mails);
            }
        }
    }

    pub(crate) async fn quiet(&self, since: Instant, quiet: Duration, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut changes = self.activity.subscribe();
        loop {
            changes.borrow_and_update();
            let (open, last) = {
                let state = self.lock();
                (state.open, state.last_activity)
            };
            let now = Instant::now();
            let calm = last.map_or(since, |last| last.max(since)) + quiet;
            if now >= deadline || (open == 0 && now >= calm) {
                return;
            }
            let wake = if open > 0 { deadline } else { calm.min(deadline) };
            // Either outcome is a reason to look again.
            let _ = tokio::time::timeout_at(wake.into(), changes.changed()).await;
        }
    }
}

/// A mail that is being handed over.
pub(crate) struct Transaction {
    mailbox: Arc<Mailbox>,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        {
            let mut state = self.mailbox.lock();
            state.open = state.open.saturating_sub(1);
            state.last_activity = Some(Instant::now());
        }
        self.mailbox.changed();
    }
}
