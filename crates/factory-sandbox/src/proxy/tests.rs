//! The proxy over real sockets on the loopback, with a server behind it that knows who reached it.

mod mutation;
mod records;
mod tricks;
mod tunnels;

use std::net::TcpListener as StdTcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time;

use super::{Allowed, Bounds, Proxy};

/// Longer than anything here takes; a test that gets there has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that sends back what it gets, in upper case, and counts who came.
struct Behind {
    port: u16,
    came: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Behind {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let came = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&came);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        buffer[..count].make_ascii_uppercase();
                        if stream.write_all(&buffer[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { port, came, task }
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Bounds that no test runs into by itself.
fn bounds() -> Bounds {
    Bounds { head_time: PATIENCE, connect_time: PATIENCE, idle_time: PATIENCE, tunnels: 8 }
}

/// A proxy, and the port that it is reached at.
fn proxy(allowed: Allowed, bounds: Bounds) -> (Proxy, u16) {
    let listener = StdTcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (Proxy::start(listener, allowed, bounds).unwrap(), port)
}

/// A proxy to one server by the name `localhost`, which only tests may use.
fn proxy_to(behind: &Behind) -> (Proxy, u16) {
    proxy(Allowed::of([format!("localhost:{}", behind.port)]).unwrap().permit_local(), bounds())
}

async fn dial(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Everything until the other side is done.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The head of an answer, or all of it if it ends before.
async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if time::timeout(PATIENCE, stream.read(&mut byte)).await.unwrap().unwrap() == 0 {
            break;
        }
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

/// What comes back for some bytes when no tunnel does.
async fn answer(port: u16, request: &[u8]) -> String {
    let mut client = dial(port).await;
    client.write_all(request).await.unwrap();
    rest(&mut client).await
}

/// A tunnel that is up.
async fn tunnel(port: u16, target: &str) -> TcpStream {
    let mut client = dial(port).await;
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(head(&mut client).await, "HTTP/1.1 200 Connection established\r\n\r\n");
    client
}

/// Sends a text through a tunnel and expects it back.
async fn echoes(client: &mut TcpStream, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
    let mut back = vec![0; text.len()];
    time::timeout(PATIENCE, client.read_exact(&mut back)).await.unwrap().unwrap();
    assert_eq!(back, text.to_ascii_uppercase().as_bytes());
}
