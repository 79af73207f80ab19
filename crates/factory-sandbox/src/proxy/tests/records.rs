//! What is on record, while the proxy runs and when it is over.

use tokio::io::AsyncWriteExt;

use super::super::Access;
use super::{Behind, answer, dial, echoes, proxy_to, tunnel};

#[tokio::test]
async fn every_request_is_on_record_in_its_order() {
    let behind = Behind::start().await;
    let (proxy, port) = proxy_to(&behind);
    let target = format!("localhost:{}", behind.port);
    answer(port, b"CONNECT Evil.example:443 HTTP/1.1\r\n\r\n").await;
    let mut client = tunnel(port, &target).await;
    answer(port, b"GET /\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n").await;
    echoes(&mut client, "seven b").await;

    let refused =
        |target: &str| Access { target: target.to_owned(), allowed: false, bytes_out: 0, bytes_in: 0 };
    let expected = [
        refused("evil.example:443"),
        Access { target, allowed: true, bytes_out: 7, bytes_in: 7 },
        refused("GET /\\u{1b}[2J HTTP/1.1"),
    ];
    assert_eq!(proxy.accesses().list, expected, "while the tunnel is up");
    assert_eq!(proxy.end().await.list, expected, "when it was cut off");
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_no_request() {
    let behind = Behind::start().await;
    let (proxy, port) = proxy_to(&behind);
    dial(port).await.shutdown().await.unwrap();
    let mut half = dial(port).await;
    half.write_all(b"CONNECT local").await.unwrap();
    half.shutdown().await.unwrap();
    super::rest(&mut half).await;
    let list = proxy.end().await.list;
    assert_eq!(list.iter().map(|access| access.target.as_str()).collect::<Vec<_>>(), ["CONNECT local"]);
}
