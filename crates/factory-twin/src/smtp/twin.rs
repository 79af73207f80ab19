//! The mail server as its user sees it: start, address, faults, mails.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::mailbox::{Mail, Mailbox};
use super::session;

/// What the mail server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmtpFault {
    /// Nothing.
    #[default]
    None,
    /// It refuses connections and has cut those that were open. The port stays its own.
    Down,
    /// It answers every recipient with 550.
    Reject,
    /// It takes connections and never says a word.
    Hang,
}

/// Why the mail server is not what it was asked to be.
#[derive(Debug, thiserror::Error)]
#[error("the mail server cannot listen on the loopback")]
pub struct TwinError(#[from] std::io::Error);

/// A mail server on a loopback port of its own, which keeps what it receives. Ends when dropped. Needs a tokio runtime.
#[derive(Debug)]
pub struct SmtpTwin {
    address: SocketAddr,
    /// Bound and never listening: it keeps the port ours while the listener is away.
    _reservation: TcpSocket,
    mailbox: Arc<Mailbox>,
    fault: watch::Sender<SmtpFault>,
    accepting: Mutex<Option<Accepting>>,
}

/// The task that accepts connections and owns those it accepted; gone with it when dropped.
#[derive(Debug)]
struct Accepting(JoinHandle<()>);

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl SmtpTwin {
    /// Starts a mail server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`TwinError`] when no port can be had.
    pub async fn start() -> Result<Self, TwinError> {
        // Linux lets two sockets with this option have one port as long as at most one of them listens.
        let reservation = TcpSocket::new_v4()?;
        reservation.set_reuseaddr(true)?;
        reservation.bind(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)))?;
        let address = reservation.local_addr()?;
        let twin = SmtpTwin {
            address,
            _reservation: reservation,
            mailbox: Arc::new(Mailbox::new()),
            fault: watch::Sender::new(SmtpFault::None),
            accepting: Mutex::new(None),
        };
        twin.set_fault(SmtpFault::None).await?;
        Ok(twin)
    }

    /// Where it listens; also while it is down.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it misbehave, or behave again. When this returns, the next connection already meets the new behaviour.
    ///
    /// # Errors
    /// [`TwinError`] when it was down and cannot listen again.
    pub async fn set_fault(&self, fault: SmtpFault) -> Result<(), TwinError> {
        let mut accepting = self.accepting.lock().await;
        self.fault.send_replace(fault);
        if fault == SmtpFault::Down {
            if let Some(mut running) = accepting.take() {
                running.0.abort();
                // Only when the task has ended is its listener closed. That it was cancelled is what we asked for.
                let _ = (&mut running.0).await;
            }
        } else if accepting.is_none() {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(self.address)?;
            let listener = socket.listen(128)?;
            *accepting = Some(Accepting(tokio::spawn(accept(
                listener,
                Arc::clone(&self.mailbox),
                self.fault.subscribe(),
            ))));
        }
        Ok(())
    }

    /// All mails so far, in the order of their arrival.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        self.mailbox.mails()
    }

    /// Waits until the mails satisfy `predicate`, and gives them; nothing if they do not `within` that time.
    pub async fn wait_for(
        &self,
        predicate: impl Fn(&[Arc<Mail>]) -> bool,
        within: Duration,
    ) -> Option<Vec<Arc<Mail>>> {
        self.mailbox.wait_for(predicate, within).await
    }

    /// Waits until nothing has arrived for `quiet`, counted from `since` or the latest arrival, and no client is in the
    /// middle of a mail; but never longer than `patience`.
    pub async fn wait_until_quiet(&self, since: Instant, quiet: Duration, patience: Duration) {
        self.mailbox.quiet(since, quiet, patience).await;
    }
}

async fn accept(listener: TcpListener, mailbox: Arc<Mailbox>, fault: watch::Receiver<SmtpFault>) {
    // Dropping the set ends the sessions, so that none outlives the listener.
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    sessions.spawn(session::serve(stream, Arc::clone(&mailbox), fault.clone()));
                }
                // Out of descriptors or a connection that was reset before it was accepted: the next may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            // A session that ended by an error was broken off by its client; there is nobody to tell.
            Some(_) = sessions.join_next() => {}
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
