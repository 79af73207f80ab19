//! Tunnels: what goes through, how much of it there may be, and how it ends.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};

use super::super::{Allowed, Bounds};
use super::{Behind, answer, bounds, dial, echoes, head, proxy, proxy_to, rest, tunnel};

#[tokio::test]
async fn bytes_go_both_ways_and_are_counted() {
    let behind = Behind::start().await;
    let (proxy, port) = proxy_to(&behind);
    let target = format!("localhost:{}", behind.port);
    let mut client = tunnel(port, &target.to_ascii_uppercase()).await;
    echoes(&mut client, "one").await;
    // Bytes that no text has, and more than one buffer of them.
    let long = "two\r\n\0".repeat(20_000);
    echoes(&mut client, &long).await;
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "", "the server's end comes back");

    let accesses = proxy.end().await;
    let count = u64::try_from(long.len() + 3).unwrap();
    let access = &accesses.list[0];
    assert_eq!((access.target.as_str(), access.allowed), (target.as_str(), true));
    assert_eq!((access.bytes_out, access.bytes_in), (count, count));
    assert_eq!((accesses.bytes_out, accesses.bytes_in, accesses.dropped), (count, count, 0));
}

#[tokio::test]
async fn a_side_that_stopped_sending_still_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let (_proxy, port) = proxy(Allowed::of([&target]).unwrap(), bounds());
    let mut client = tunnel(port, &target).await;
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"all I have").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut server).await, "all I have");
    server.write_all(b"all of mine").await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "all of mine");
}

#[tokio::test]
async fn an_address_that_is_listed_as_such_is_reached() {
    let behind = Behind::start().await;
    let target = format!("127.0.0.1:{}", behind.port);
    let (_proxy, port) = proxy(Allowed::of([&target]).unwrap(), bounds());
    echoes(&mut tunnel(port, &target).await, "here").await;
    assert_eq!(behind.came(), 1);
}

#[tokio::test]
async fn a_target_that_is_not_there() {
    // Bound, so that nobody else takes the port, but not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let target = socket.local_addr().unwrap().to_string();
    let (proxy, port) = proxy(Allowed::of([&target]).unwrap(), bounds());
    let answer = answer(port, format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(answer.ends_with(&format!("{target} could not be reached\n")), "{answer}");
    let list = proxy.end().await.list;
    assert!(list.iter().all(|access| access.allowed && access.bytes_out == 0), "{list:?}");
}

#[tokio::test]
async fn no_more_tunnels_than_there_may_be() {
    let behind = Behind::start().await;
    let target = format!("127.0.0.1:{}", behind.port);
    let (_proxy, port) = proxy(Allowed::of([&target]).unwrap(), Bounds { tunnels: 1, ..bounds() });
    let mut first = tunnel(port, &target).await;
    let request = format!("CONNECT {target} HTTP/1.1\r\n\r\n");
    let refused = answer(port, request.as_bytes()).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    echoes(&mut first, "still here").await;
    first.shutdown().await.unwrap();
    rest(&mut first).await;
    // The place is free once the proxy has seen the end, too.
    loop {
        let mut client = dial(port).await;
        client.write_all(request.as_bytes()).await.unwrap();
        if head(&mut client).await.starts_with("HTTP/1.1 200 ") {
            echoes(&mut client, "next").await;
            break;
        }
    }
}

#[tokio::test]
async fn silence_ends_a_tunnel() {
    let behind = Behind::start().await;
    let target = format!("127.0.0.1:{}", behind.port);
    let bounds = Bounds { idle_time: Duration::from_millis(50), ..bounds() };
    let (_proxy, port) = proxy(Allowed::of([&target]).unwrap(), bounds);
    let mut client = tunnel(port, &target).await;
    assert_eq!(rest(&mut client).await, "");
}

#[tokio::test]
async fn the_proxy_ends_with_its_handle() {
    let behind = Behind::start().await;
    let (proxy, port) = proxy_to(&behind);
    let mut client = tunnel(port, &format!("localhost:{}", behind.port)).await;
    echoes(&mut client, "before").await;
    drop(proxy);
    assert_eq!(rest(&mut client).await, "", "its tunnels end");
    // The listener is closed before the tunnels are cut.
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err(), "nobody listens");
}
