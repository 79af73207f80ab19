//! The mail server as its user sees it: start, address, faults, mails.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::mailbox::{Mail, Mailbox};
use super::session;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 128;

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

/// A mail server which keeps what it receives. Ends when dropped. Needs a tokio runtime.
#[derive(Debug)]
pub struct SmtpTwin {
    mailbox: Arc<Mailbox>,
    fault: watch::Sender<SmtpFault>,
    accepting: Mutex<Option<Accepting>>,
    own: Option<Port>,
}

/// A port of its own.
#[derive(Debug)]
struct Port {
    address: SocketAddr,
    /// Bound and never listening: it keeps the port ours while the listener is away.
    _reservation: TcpSocket,
}

impl Port {
    fn reserve() -> io::Result<Self> {
        // Linux lets two sockets with this option have one port as long as at most one of them listens.
        let reservation = TcpSocket::new_v4()?;
        reservation.set_reuseaddr(true)?;
        reservation.bind(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { address: reservation.local_addr()?, _reservation: reservation })
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        socket.listen(BACKLOG)
    }
}

/// The task that accepts connections and owns those it accepted; gone with it when dropped.
#[derive(Debug)]
struct Accepting(JoinHandle<()>);

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for SmtpTwin {
    fn default() -> Self {
        Self::new()
    }
}

impl SmtpTwin {
    /// A mail server that nobody can reach before it is told to [`SmtpTwin::listen`].
    pub fn new() -> Self {
        let fault = watch::Sender::new(SmtpFault::None);
        SmtpTwin { mailbox: Arc::new(Mailbox::new()), fault, accepting: Mutex::new(None), own: None }
    }

    /// A mail server on a free port of 127.0.0.1, and where it listens. The port stays its own while it is down.
    ///
    /// # Errors
    /// [`TwinError`] when no port can be had.
    pub async fn start() -> Result<(Self, SocketAddr), TwinError> {
        let port = Port::reserve()?;
        let address = port.address;
        let twin = SmtpTwin { own: Some(port), ..Self::new() };
        twin.set_fault(SmtpFault::None).await?;
        Ok((twin, address))
    }

    /// Is reached through this listener from now on, and through no other. It may be one of another network.
    ///
    /// # Errors
    /// [`TwinError`] when connections cannot be accepted from it.
    pub async fn listen(&self, listener: std::net::TcpListener) -> Result<(), TwinError> {
        let mut accepting = self.accepting.lock().await;
        end(&mut accepting).await;
        listener.set_nonblocking(true)?;
        *accepting = Some(self.accept_from(TcpListener::from_std(listener)?));
        Ok(())
    }

    /// Is reached by nobody any more, and has closed its listener, when this returns.
    pub async fn leave(&self) {
        end(&mut *self.accepting.lock().await).await;
    }

    /// Makes it misbehave, or behave again. When this returns, the next connection already meets the new behaviour. One
    /// that has been down comes back by itself only on a port of its own; any other has to be told where to listen.
    ///
    /// # Errors
    /// [`TwinError`] when it was down and cannot listen again.
    pub async fn set_fault(&self, fault: SmtpFault) -> Result<(), TwinError> {
        let mut accepting = self.accepting.lock().await;
        self.fault.send_replace(fault);
        if fault == SmtpFault::Down {
            end(&mut accepting).await;
        } else if let (None, Some(port)) = (accepting.as_ref(), &self.own) {
            *accepting = Some(self.accept_from(port.listen()?));
        }
        Ok(())
    }

    /// What it does wrong at the moment.
    pub fn fault(&self) -> SmtpFault {
        *self.fault.borrow()
    }

    fn accept_from(&self, listener: TcpListener) -> Accepting {
        let accepting = accept(listener, Arc::clone(&self.mailbox), self.fault.subscribe());
        Accepting(tokio::spawn(accepting))
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

/// Waits until the task has ended, since only then its listener is closed. That it was cancelled is what was asked for.
async fn end(accepting: &mut Option<Accepting>) {
    if let Some(mut running) = accepting.take() {
        running.0.abort();
        let _ = (&mut running.0).await;
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
