//! One connection: the commands of RFC 5321 that hand mail over, and nothing that needs a name service or a key.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::mailbox::{Mailbox, Transaction};
use super::twin::SmtpFault;

/// Octets of one mail at most, announced by SIZE (RFC 1870).
pub(crate) const MAX_MAIL: usize = 10 * 1024 * 1024;
/// Octets of one line at most. RFC 5321 asks for 1,000; clients that send more are not what is tested here.
const MAX_LINE: usize = 64 * 1024;
/// Recipients of one mail at most; RFC 5321 asks for 100.
const MAX_RECIPIENTS: usize = 1000;

/// A mail on its way: envelope so far.
struct Envelope {
    sender: String,
    recipients: Vec<String>,
    _open: Transaction,
}

/// Talks to one client until it quits, breaks off, or sends a line that is too long.
pub(crate) async fn serve(
    stream: TcpStream,
    mailbox: Arc<Mailbox>,
    fault: watch::Receiver<SmtpFault>,
) -> std::io::Result<()> {
    // Without this, every answer after the first waits for the client's delayed acknowledgement.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    if *fault.borrow() == SmtpFault::Hang {
        return discard(&mut stream).await;
    }
    reply(&mut stream, "220 twin.test ESMTP").await?;
    let mut envelope: Option<Envelope> = None;
    while let Some(line) = read_line(&mut stream).await? {
        if *fault.borrow() == SmtpFault::Hang {
            return discard(&mut stream).await;
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                envelope = None;
                let size = format!(
                    "250-twin.test\r\n250-SIZE {MAX_MAIL}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8"
                );
                reply(&mut stream, &size).await?;
            }
            "HELO" => {
                envelope = None;
                reply(&mut stream, "250 twin.test").await?;
            }
            "MAIL" => {
                let answer = match (&envelope, path(rest, "FROM:")) {
                    (Some(_), _) => "503 5.5.1 there is a sender already",
                    (None, None) => "501 5.5.4 MAIL FROM:<address>",
                    (None, Some((_, parameters))) if declared_size(parameters) > MAX_MAIL => {
                        "552 5.3.4 the mail is too large"
                    }
                    (None, Some((sender, _))) => {
                        envelope =
                            Some(Envelope { sender, recipients: Vec::new(), _open: mailbox.transaction() });
                        "250 2.1.0 ok"
                    }
                };
                reply(&mut stream, answer).await?;
            }
            "RCPT" => {
                let answer = match (&mut envelope, path(rest, "TO:")) {
                    (None, _) => "503 5.5.1 MAIL comes first",
                    (Some(_), None) => "501 5.5.4 RCPT TO:<address>",
                    (Some(_), Some(_)) if *fault.borrow() == SmtpFault::Reject => "550 5.1.1 no such mailbox",
                    (Some(envelope), Some(_)) if envelope.recipients.len() >= MAX_RECIPIENTS => {
                        "452 4.5.3 too many recipients"
                    }
                    (Some(envelope), Some((recipient, _))) => {
                        envelope.recipients.push(recipient);
                        "250 2.1.5 ok"
                    }
                };
                reply(&mut stream, answer).await?;
            }
            "DATA" => {
                if envelope.as_ref().is_none_or(|envelope| envelope.recipients.is_empty()) {
                    reply(&mut stream, "503 5.5.1 MAIL and RCPT come first").await?;
                    continue;
                }
                reply(&mut stream, "354 end with a line that is a dot").await?;
                let Some(message) = read_message(&mut stream).await? else {
                    return Ok(());
                };
                let answer = match (message, envelope.take()) {
                    (None, _) => "552 5.3.4 the mail is too large",
                    (Some(_), None) => "503 5.5.1 MAIL and RCPT come first",
                    (Some(raw), Some(envelope)) => {
                        let Envelope { sender, recipients, _open } = envelope;
                        // Kept before it is confirmed: a client that has its answer can rely on the mail being there.
                        if mailbox.keep(sender, recipients, raw) {
                            "250 2.0.0 kept"
                        } else {
                            "452 4.3.1 too many mails"
                        }
                    }
                };
                reply(&mut stream, answer).await?;
            }
            "RSET" => {
                envelope = None;
                reply(&mut stream, "250 2.0.0 ok").await?;
            }
            "NOOP" => reply(&mut stream, "250 2.0.0 ok").await?,
            "VRFY" => reply(&mut stream, "252 2.5.2 send and see").await?,
            "QUIT" => return reply(&mut stream, "221 2.0.0 bye").await,
            _ => reply(&mut stream, "500 5.5.2 unknown command").await?,
        }
    }
    Ok(())
}

async fn reply(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await
}

/// Reads and never answers, until the client gives up.
async fn discard(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// The next line with its end, or nothing when the client has left or sends one that is too long.
async fn read_line(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    (&mut *stream).take(MAX_LINE as u64).read_until(b'\n', &mut line).await?;
    Ok(line.ends_with(b"\n").then_some(line))
}

/// Reads up to the line that is a dot. The outer nothing: the client left. The inner: the mail was too large.
async fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Option<Vec<u8>>>> {
    let mut message = Vec::new();
    let mut too_large = false;
    loop {
        let Some(line) = read_line(stream).await? else {
            return Ok(None);
        };
        let content = line.strip_suffix(b"\n").unwrap_or(&line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        if content == b"." {
            return Ok(Some((!too_large).then_some(message)));
        }
        // RFC 5321, 4.5.2: a dot was put before every line that began with one.
        let content = content.strip_prefix(b".").unwrap_or(content);
        too_large |= message.len() + content.len() + 2 > MAX_MAIL;
        if !too_large {
            message.extend_from_slice(content);
            message.extend_from_slice(b"\r\n");
        }
    }
}

/// `FROM:<address> parameters` → address and parameters. Angle brackets may be missing, as from some clients.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let rest = rest.trim_start();
    let head = rest.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = rest[keyword.len()..].trim_start();
    let (address, parameters) = match rest.strip_prefix('<') {
        Some(inner) => inner.split_once('>')?,
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    // RFC 5321, 4.1.1.3: a source route before the address is to be ignored.
    let address = if address.starts_with('@') {
        address.split_once(':').map_or(address, |(_, end)| end)
    } else {
        address
    };
    if address.is_empty() && keyword == "TO:" {
        return None;
    }
    Some((address.to_owned(), parameters))
}

fn declared_size(parameters: &str) -> usize {
    parameters
        .split_ascii_whitespace()
        .find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then(|| value.parse().unwrap_or(usize::MAX))
        })
        .unwrap_or(0)
}
