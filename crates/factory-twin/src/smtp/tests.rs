//! The mail server over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{SmtpFault, SmtpTwin};

const PATIENCE: Duration = Duration::from_secs(10);

/// A client that sends lines and hears replies. Blocking, so used from `spawn_blocking`.
struct Client(BufReader<TcpStream>);

impl Client {
    fn open(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client(BufReader::new(stream));
        assert_eq!(client.hear(), "220");
        client
    }

    fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.chars().take(3).collect();
            }
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.hear()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn deliver(address: SocketAddr, to: &str, message: &str) -> String {
    let mut client = Client::open(address);
    assert_eq!(client.say("EHLO me.test"), "250");
    assert_eq!(client.say("MAIL FROM:<service@example.test> SIZE=100"), "250");
    let answer = client.say(&format!("RCPT TO:<{to}>"));
    if answer != "250" {
        return answer;
    }
    assert_eq!(client.say("DATA"), "354");
    let answer = client.say(&format!("{message}\r\n."));
    assert_eq!(client.say("QUIT"), "221");
    answer
}

#[tokio::test]
async fn keeps_what_it_receives_decoded() {
    let (twin, address) = SmtpTwin::start().await.unwrap();
    let message = "From: Service <service@example.test>\r\nTo: ann@example.test\r\n\
                   Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
                   Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                   ..leading dot\r\nlink=3D1 wra=\r\npped";
    assert_eq!(blocking(move || deliver(address, "Ann@example.test", message)).await, "250");
    let mails = twin.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.sender, "service@example.test");
    assert_eq!(mail.recipients, ["Ann@example.test"]);
    assert!(mail.goes_to("ann@EXAMPLE.test") && !mail.goes_to("nn@example.test"));
    assert_eq!(mail.from.as_deref(), Some("service@example.test"));
    assert_eq!(mail.to, ["ann@example.test"]);
    assert_eq!(mail.subject, "Grüße");
    assert_eq!(mail.text.trim_end().replace("\r\n", "\n"), ".leading dot\nlink=1 wrapped");
    assert!(mail.raw.windows(16).any(|window| window == b"\r\n\r\n.leading dot"));
}

#[tokio::test]
async fn knows_the_order_of_commands() {
    let (twin, address) = SmtpTwin::start().await.unwrap();
    blocking(move || {
        let mut client = Client::open(address);
        assert_eq!(client.say("HELO me.test"), "250");
        assert_eq!(client.say("RCPT TO:<a@b.test>"), "503");
        assert_eq!(client.say("DATA"), "503");
        assert_eq!(client.say("MAIL TO:<a@b.test>"), "501");
        assert_eq!(client.say("mail from:<>"), "250");
        assert_eq!(client.say("MAIL FROM:<a@b.test>"), "503");
        assert_eq!(client.say("DATA"), "503");
        assert_eq!(client.say("RCPT TO:<>"), "501");
        assert_eq!(client.say("RSET"), "250");
        assert_eq!(client.say("RCPT TO:<a@b.test>"), "503");
        assert_eq!(client.say("NOOP"), "250");
        assert_eq!(client.say("STARTTLS"), "500");
        assert_eq!(client.say("MAIL FROM:<a@b.test> SIZE=99999999999"), "552");
        assert_eq!(client.say("QUIT"), "221");
    })
    .await;
    assert!(twin.mails().is_empty());
}

#[tokio::test]
async fn refuses_a_mail_that_is_too_large_and_goes_on() {
    let (twin, address) = SmtpTwin::start().await.unwrap();
    let answer = blocking(move || {
        let line = "x".repeat(998);
        let message = vec![line; super::session::MAX_MAIL / 1000 + 1].join("\r\n");
        deliver(address, "ann@example.test", &message)
    })
    .await;
    assert_eq!(answer, "552");
    assert!(twin.mails().is_empty());
    assert_eq!(blocking(move || deliver(address, "ann@example.test", "small")).await, "250");
}

#[tokio::test]
async fn is_down_and_comes_back_on_the_same_port() {
    let (twin, address) = SmtpTwin::start().await.unwrap();
    let open = blocking(move || Client::open(address)).await;
    twin.set_fault(SmtpFault::Down).await.unwrap();
    blocking(move || {
        let mut open = open;
        // Cut, by an end or by a reset; either way nothing more is said.
        let mut rest = Vec::new();
        let _ = open.0.read_to_end(&mut rest);
        assert!(rest.is_empty());
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        // The port is not free meanwhile: without the option to share it, nobody can bind it.
        let taker = tokio::net::TcpSocket::new_v4().unwrap();
        assert_eq!(taker.bind(address).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    })
    .await;
    twin.set_fault(SmtpFault::None).await.unwrap();
    assert_eq!(blocking(move || deliver(address, "ann@example.test", "back")).await, "250");
    assert_eq!(twin.mails().len(), 1);
}

#[tokio::test]
async fn rejects_on_demand_and_hangs_on_demand() {
    let (twin, address) = SmtpTwin::start().await.unwrap();
    twin.set_fault(SmtpFault::Reject).await.unwrap();
    assert_eq!(blocking(move || deliver(address, "ann@example.test", "no")).await, "550");
    twin.set_fault(SmtpFault::Hang).await.unwrap();
    blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert!(stream.read(&mut [0; 16]).is_err(), "a hanging server says nothing");
    })
    .await;
    assert!(twin.mails().is_empty());
}

#[tokio::test]
async fn waits_for_mail_and_for_quiet() {
    let (twin, address) = SmtpTwin::start().await.unwrap();
    assert!(twin.wait_for(|mails| !mails.is_empty(), Duration::from_millis(20)).await.is_none());
    let late = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(100));
        deliver(address, "ann@example.test", "late")
    });
    let mails =
        twin.wait_for(|mails| mails.iter().any(|mail| mail.goes_to("ann@example.test")), PATIENCE).await;
    assert_eq!(mails.map(|mails| mails.len()), Some(1));
    late.await.unwrap();

    // A client in the middle of a mail is not quiet.
    let client = blocking(move || {
        let mut client = Client::open(address);
        client.say("MAIL FROM:<a@b.test>");
        client.say("RCPT TO:<c@d.test>");
        client
    })
    .await;
    let slow = tokio::task::spawn_blocking(move || {
        let mut client = client;
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(client.say("DATA"), "354");
        assert_eq!(client.say("x\r\n."), "250");
    });
    twin.wait_until_quiet(Instant::now(), Duration::from_millis(10), PATIENCE).await;
    assert_eq!(twin.mails().len(), 2);
    slow.await.unwrap();
}
