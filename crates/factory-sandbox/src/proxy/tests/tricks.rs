//! Requests that try to get somewhere else. Every one is refused, and nobody behind the proxy hears of it.
//!
//! What is listed is `localhost:PORT`, which answers: a comparison that gave way would show as another status or as a
//! visitor.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::super::{Allowed, Bounds};
use super::{Behind, answer, bounds, dial, proxy, proxy_to, rest};

/// Sends `request` with `PORT` filled in, and expects a status, a reason, a record of the refusal, and no visitor.
async fn refused(request: impl AsRef<[u8]>, status: u16, reason: &str) {
    let behind = Behind::start().await;
    let (proxy, port) = proxy_to(&behind);
    let request = String::from_utf8_lossy(request.as_ref()).replace("PORT", &behind.port.to_string());
    let answer = answer(port, request.as_bytes()).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
    let reason = reason.replace("PORT", &behind.port.to_string());
    assert!(answer.ends_with(&format!("\r\n\r\n{reason}\n")), "{request:?}: {answer}");
    let accesses = proxy.end().await;
    assert_eq!(accesses.list.len(), 1);
    assert!(!accesses.list[0].allowed);
    assert_eq!(behind.came(), 0, "{request:?} came through");
}

fn connect(target: &str) -> String {
    format!("CONNECT {target} HTTP/1.1\r\n\r\n")
}

/// A refusal that names the target.
async fn not_listed(target: &str) {
    let reason = format!("{target} is not allowed here; `[sandbox] allow = [\"{target}\"]` would allow it");
    refused(connect(target), 403, &reason).await;
}

async fn no_target(target: &str, fault: &str) {
    refused(connect(target), 400, &format!("the target is no host:port: {fault}")).await;
}

#[tokio::test]
async fn another_host() {
    not_listed("evil.example:443").await;
}

#[tokio::test]
async fn another_port() {
    not_listed("localhost:1").await;
}

#[tokio::test]
async fn the_allowed_name_as_a_prefix() {
    not_listed("localhost.evil.example:PORT").await;
}

#[tokio::test]
async fn the_allowed_name_as_a_suffix() {
    not_listed("evil.localhost:PORT").await;
}

#[tokio::test]
async fn the_allowed_port_as_a_prefix() {
    not_listed("localhost:6").await;
}

#[tokio::test]
async fn the_address_of_an_allowed_name() {
    not_listed("127.0.0.1:PORT").await;
    not_listed("[::1]:PORT").await;
    not_listed("[::ffff:127.0.0.1]:PORT").await;
}

#[tokio::test]
async fn the_allowed_name_as_user_information() {
    no_target("localhost:PORT@evil.example", "it holds user information (`@`)").await;
    no_target("localhost@evil.example:PORT", "it holds user information (`@`)").await;
}

#[tokio::test]
async fn two_ports() {
    let fault = "it holds more than one `:`; IPv6 addresses are written in brackets";
    no_target("localhost:PORT:25", fault).await;
}

#[tokio::test]
async fn a_dot_at_the_end() {
    no_target("LOCALHOST.:PORT", "its host ends with a dot").await;
}

#[tokio::test]
async fn percent_encoding() {
    let fault = "it holds percent-encoding or an IPv6 zone (`%`)";
    no_target("localhos%74:PORT", fault).await;
    no_target("localhost%00.evil.example:PORT", fault).await;
}

#[tokio::test]
async fn an_ipv6_zone() {
    no_target("[::1%25lo]:PORT", "it holds percent-encoding or an IPv6 zone (`%`)").await;
    no_target("[::1%lo]:PORT", "it holds percent-encoding or an IPv6 zone (`%`)").await;
}

#[tokio::test]
async fn decimal_octal_and_hexadecimal_addresses() {
    let fault = "its host looks like a number, but is no IPv4 address in four decimal parts";
    for host in ["2130706433", "127.1", "0x7f000001", "0x7f.0.0.1", "017700000001", "127.0.0.01"] {
        no_target(&format!("{host}:PORT"), fault).await;
    }
}

#[tokio::test]
async fn a_url_as_the_target() {
    let fault = "it is a URL or a path; only `host:port` is understood";
    no_target("http://localhost:PORT/", fault).await;
    no_target("localhost:PORT/", fault).await;
    no_target("localhost:PORT#.evil.example", fault).await;
}

#[tokio::test]
async fn no_port() {
    no_target("localhost", "it has no port").await;
}

#[tokio::test]
async fn a_port_in_another_spelling() {
    no_target("localhost:0PORT", "its port is not a number from 1 to 65535").await;
    no_target("localhost:+PORT", "its port is not a number from 1 to 65535").await;
}

const BYTE: &str = "the request head holds a byte that is not printable ASCII";
const LINE_END: &str = "a line of the request head does not end with CR LF";

#[tokio::test]
async fn nul_in_the_host() {
    refused(connect("localhost\0.evil.example:PORT"), 400, BYTE).await;
    refused(connect("localhost:PORT\0"), 400, BYTE).await;
}

#[tokio::test]
async fn bytes_beyond_ascii() {
    refused(connect("localhost\u{3002}evil.example:PORT"), 400, BYTE).await;
    refused(connect("ｌocalhost:PORT"), 400, BYTE).await;
}

#[tokio::test]
async fn tabs_and_blanks_in_the_request_line() {
    refused("CONNECT\tlocalhost:PORT HTTP/1.1\r\n\r\n", 400, BYTE).await;
    refused("CONNECT localhost:PORT\tHTTP/1.1\r\n\r\n", 400, BYTE).await;
    no_target(" localhost:PORT", "it holds a space").await;
    no_target("localhost:PORT evil.example:443", "it holds a space").await;
}

#[tokio::test]
async fn a_folded_header_line() {
    let request = "CONNECT localhost:PORT HTTP/1.1\r\nHost: localhost:PORT\r\n evil.example\r\n\r\n";
    refused(request, 400, "a header line is folded").await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", 400, BYTE).await;
}

#[tokio::test]
async fn line_feeds_alone() {
    refused("CONNECT localhost:PORT HTTP/1.1\n\n", 400, LINE_END).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\n\n", 400, LINE_END).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\nA: b\n\r\n", 400, LINE_END).await;
}

#[tokio::test]
async fn carriage_returns_alone() {
    refused("CONNECT localhost:PORT\r.evil.example HTTP/1.1\r\n\r\n", 400, LINE_END).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\r\n\r\n", 400, LINE_END).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\nA: b\rHost: evil.example\r\n\r\n", 400, LINE_END).await;
}

#[tokio::test]
async fn a_line_before_the_request_line() {
    refused("\r\nCONNECT localhost:PORT HTTP/1.1\r\n\r\n", 400, "only CONNECT is understood").await;
}

#[tokio::test]
async fn a_get_with_a_whole_url() {
    let request = "GET http://localhost:PORT/ HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n";
    refused(request, 400, "only CONNECT is understood").await;
}

#[tokio::test]
async fn other_methods_and_versions() {
    refused("connect localhost:PORT HTTP/1.1\r\n\r\n", 400, "only CONNECT is understood").await;
    refused("CONNECTX localhost:PORT HTTP/1.1\r\n\r\n", 400, "only CONNECT is understood").await;
    for version in ["HTTP/0.9", "HTTP/2.0", "http/1.1", "HTTP/1.1 "] {
        let request = format!("CONNECT localhost:PORT {version}\r\n\r\n");
        refused(request, 400, "only HTTP/1.1 and HTTP/1.0 are understood").await;
    }
    refused("CONNECT localhost:PORT\r\n\r\n", 400, "only HTTP/1.1 and HTTP/1.0 are understood").await;
}

#[tokio::test]
async fn a_host_header_that_says_something_else() {
    let request = "CONNECT localhost:PORT HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n";
    refused(request, 400, "the Host header names another host than the target").await;
}

#[tokio::test]
async fn two_request_lines() {
    let request = "CONNECT localhost:PORT HTTP/1.1\r\nCONNECT evil.example:443 HTTP/1.1\r\n\r\n";
    refused(request, 400, "a header line is malformed").await;
}

#[tokio::test]
async fn a_second_request_before_the_answer() {
    let early = "there is more after the request head, before the answer";
    let request = "CONNECT localhost:PORT HTTP/1.1\r\n\r\nCONNECT evil.example:443 HTTP/1.1\r\n\r\n";
    refused(request, 400, early).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\n\r\n\r\n", 400, early).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\n\r\nx", 400, early).await;
}

#[tokio::test]
async fn a_body() {
    let body = "a CONNECT request has no body";
    refused("CONNECT localhost:PORT HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 400, body).await;
    refused("CONNECT localhost:PORT HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, body).await;
}

#[tokio::test]
async fn a_head_without_bounds() {
    let long = format!("CONNECT localhost:PORT HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(64 * 1024));
    refused(long, 400, "the request head is longer than 8192 bytes").await;
    let lines = format!("CONNECT localhost:PORT HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
    refused(lines, 400, "the request has more than 64 header lines").await;
}

#[tokio::test]
async fn a_head_that_never_ends() {
    let behind = Behind::start().await;
    let allowed = Allowed::of([format!("localhost:{}", behind.port)]).unwrap().permit_local();
    let (proxy, port) = proxy(allowed, Bounds { head_time: Duration::from_millis(50), ..bounds() });
    let mut client = dial(port).await;
    client.write_all(format!("CONNECT localhost:{} HTTP/1.1\r\n", behind.port).as_bytes()).await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(behind.came(), 0);
    assert!(!proxy.end().await.list[0].allowed);
}

#[tokio::test]
async fn a_name_that_stands_for_this_machine() {
    let behind = Behind::start().await;
    let target = format!("localhost:{}", behind.port);
    let (proxy, port) = proxy(Allowed::of([&target]).unwrap(), bounds());
    let answer = answer(port, connect(&target).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("stands for this machine or a private network; only its address"), "{answer}");
    let accesses = proxy.end().await;
    assert_eq!((accesses.list[0].target.as_str(), accesses.list[0].allowed), (target.as_str(), false));
    assert_eq!(behind.came(), 0);
}
