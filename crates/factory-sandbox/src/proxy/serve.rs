//! One connection to the proxy, from its first byte to the tunnel's end.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::os::fd::AsFd;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{self, TcpStream};
use tokio::sync::Semaphore;
use tokio::time;

use super::access::Log;
use super::address;
use super::allowed::Allowed;
use super::answer::Refusal;
use super::head::{self, HEAD_BYTES, Head, HeadFault};
use super::server::Bounds;
use super::target::{Host, Target};
use super::tunnel;

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// What all connections of a proxy share.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) allowed: Allowed,
    pub(super) bounds: Bounds,
    pub(super) log: Log,
    pub(super) tunnels: Semaphore,
}

/// Serves one client. All there is to tell is in the log and in the answer.
pub(super) async fn connection(door: &Door, mut client: TcpStream) {
    // Small packets one by one, as the two sides send them; without it the tunnel is slower, nothing else.
    let _ = client.set_nodelay(true);
    let mut begun = Vec::new();
    let target = match time::timeout(door.bounds.head_time, read_head(&mut client, &mut begun)).await {
        Ok(Ok(Some(target))) => target,
        Ok(Ok(None)) if begun.is_empty() => return,
        Ok(Ok(None)) => return door.log.refuse(&beginning(&begun)),
        Ok(Err(fault)) => {
            door.log.refuse(&beginning(&begun));
            return Refusal::Malformed(fault).give(client).await;
        }
        Err(_) => {
            door.log.refuse(&beginning(&begun));
            return Refusal::Slow.give(client).await;
        }
    };
    if let Err(refusal) = connect(door, target, &mut client).await {
        refusal.give(client).await;
    }
}

/// Reads the head; `None` when the client went away before its end.
async fn read_head(client: &mut TcpStream, begun: &mut Vec<u8>) -> Result<Option<Target>, HeadFault> {
    loop {
        // One byte more than a head may have, to see that there is one.
        let room = u64::try_from(HEAD_BYTES + 1 - begun.len()).unwrap_or(0);
        match client.take(room).read_buf(begun).await {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
        match head::read(begun)? {
            Head::Partial => {}
            Head::Connect(target) => return Ok(Some(target)),
        }
    }
}

/// The first line, or what is there of it.
fn beginning(begun: &[u8]) -> String {
    let line = begun.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or(begun);
    String::from_utf8_lossy(line).into_owned()
}

/// Decides about a target, connects and runs the tunnel. `Err` is the answer that is due.
async fn connect(door: &Door, target: Target, client: &mut TcpStream) -> Result<(), Refusal> {
    if !door.allowed.lists(&target) {
        door.log.refuse(target.text());
        return Err(Refusal::NotListed(target));
    }
    let Ok(_tunnel) = door.tunnels.try_acquire() else {
        door.log.allow(target.text());
        return Err(Refusal::Busy);
    };
    let deadline = time::Instant::now() + door.bounds.connect_time;
    let Ok(Ok(found)) = time::timeout_at(deadline, resolve(&target)).await else {
        door.log.allow(target.text());
        return Err(Refusal::Unreached(target));
    };
    let admitted = address::admissible(&target, door.allowed.permits_local(), &found);
    if admitted.is_empty() && !found.is_empty() {
        door.log.refuse(target.text());
        return Err(Refusal::Local(target));
    }
    let meter = door.log.allow(target.text());
    // Each of these was checked, and no name is resolved again.
    let Ok(Ok(server)) = time::timeout_at(deadline, TcpStream::connect(&admitted[..])).await else {
        return Err(Refusal::Unreached(target));
    };
    let _ = server.set_nodelay(true);
    if has_bytes_waiting(client).unwrap_or(true) {
        return Err(Refusal::Malformed(HeadFault::Early));
    }
    if client.write_all(ESTABLISHED).await.is_ok() {
        tunnel::run(client, server, &meter, door.bounds.idle_time).await;
    }
    Ok(())
}

async fn resolve(target: &Target) -> io::Result<Vec<SocketAddr>> {
    match target.host() {
        Host::Address(ip) => Ok(vec![SocketAddr::new(*ip, target.port())]),
        Host::Name(name) => Ok(net::lookup_host((name.as_str(), target.port())).await?.collect()),
    }
}

/// Whether the client has sent anything by now. Asked of the system itself: what the runtime knows may be older.
fn has_bytes_waiting(client: &TcpStream) -> io::Result<bool> {
    let client = StdTcpStream::from(client.as_fd().try_clone_to_owned()?);
    match client.peek(&mut [0]) {
        // None is the client's end, which the tunnel passes on.
        Ok(count) => Ok(count > 0),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_that_came_too_early_are_seen() {
        let listener = net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (served, _) = listener.accept().await.unwrap();
        assert!(!has_bytes_waiting(&served).unwrap());
        client.write_all(b"CONNECT").await.unwrap();
        served.readable().await.unwrap();
        assert!(has_bytes_waiting(&served).unwrap());
    }
}
