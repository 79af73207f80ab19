//! Bytes to and fro, until both sides are done or nothing moves any more.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{self, Instant};

use super::access::Meter;

/// How much is held of each direction.
const BUFFER_BYTES: usize = 16 * 1024;

/// Copies both directions. Each one's end is passed on, so that a side may stop sending and still listen; an error ends
/// both, and so does silence in both for `idle`.
pub(super) async fn run(client: &mut TcpStream, mut target: TcpStream, meter: &Meter, idle: Duration) {
    let (mut client_in, mut client_out) = client.split();
    let (mut target_in, mut target_out) = target.split();
    let moved = Mutex::new(Instant::now());
    let now = || *moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    let out = copy(&mut client_in, &mut target_out, |count| {
        now();
        meter.sent(count);
    });
    let back = copy(&mut target_in, &mut client_out, |count| {
        now();
        meter.received(count);
    });
    tokio::select! {
        // Whatever ended it, the tunnel is over: there is nobody to tell.
        _ = async { tokio::try_join!(out, back) } => {}
        () = silence(&moved, idle) => {}
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    moved: impl Fn(u64),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let written = to.write(rest).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            moved(u64::try_from(written).unwrap_or(u64::MAX));
            rest = &rest[written..];
        }
    }
}

/// Ends when nothing has moved for `idle`.
async fn silence(moved: &Mutex<Instant>, idle: Duration) {
    loop {
        let until = *moved.lock().unwrap_or_else(PoisonError::into_inner) + idle;
        if until <= Instant::now() {
            return;
        }
        time::sleep_until(until).await;
    }
}
