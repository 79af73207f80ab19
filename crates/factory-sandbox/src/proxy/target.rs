//! `host:port` as it is listed and as it is asked for: one spelling for each, or it is refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest DNS name, in characters (RFC 1035, section 2.3.4, without the dot at the end).
const NAME_CHARS: usize = 253;
/// The longest label of one.
const LABEL_CHARS: usize = 63;

/// What is wrong with a `host:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// NUL, a tab, a line end or another control character.
    #[error("it holds a control character")]
    Control,
    /// A blank.
    #[error("it holds a space")]
    Space,
    /// Not ASCII. An internationalized name is written in its `xn--` form.
    #[error("it is not plain ASCII")]
    NotAscii,
    /// `A` to `Z` in a listed entry.
    #[error("it holds upper-case letters; names are written in lower case")]
    UpperCase,
    /// `*`.
    #[error("it holds a wildcard; every host is listed by its full name")]
    Wildcard,
    /// `user@host`.
    #[error("it holds user information (`@`)")]
    UserInfo,
    /// A scheme or a path.
    #[error("it is a URL or a path; only `host:port` is understood")]
    Url,
    /// `%`.
    #[error("it holds percent-encoding or an IPv6 zone (`%`)")]
    Percent,
    /// No `:port` at the end.
    #[error("it has no port")]
    NoPort,
    /// Not a decimal number from 1 to 65535 without leading zeros.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// More than one `:` outside of brackets.
    #[error("it holds more than one `:`; IPv6 addresses are written in brackets")]
    Colons,
    /// `host.:port`.
    #[error("its host ends with a dot")]
    TrailingDot,
    /// Two dots in a row, a dot at the beginning, or no host at all.
    #[error("its host has an empty label")]
    EmptyLabel,
    /// A label of more than 63, or a name of more than 253 characters.
    #[error("its host is longer than a DNS name can be")]
    TooLong,
    /// A character that is in no host name.
    #[error("its host holds `{0}`")]
    Character(char),
    /// A label that begins or ends with `-`.
    #[error("its host has a label that begins or ends with `-`")]
    Hyphen,
    /// A host that some would read as an IPv4 address: `127.1`, `2130706433`, `0x7f.0.0.1`, `010.0.0.1`.
    #[error("its host looks like a number, but is no IPv4 address in four decimal parts")]
    Number,
    /// No IPv6 address in the brackets, or not in its usual spelling.
    #[error("it holds no IPv6 address in the spelling of RFC 5952")]
    Ipv6,
}

/// A host and a port, in the one spelling that stands for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    text: String,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A DNS name in lower case.
    Name(String),
    /// An address that is written out.
    Address(IpAddr),
}

impl Target {
    /// Reads a listed entry: what is not in its one spelling is refused, never repaired.
    pub(super) fn parse(text: &str) -> Result<Self, TargetFault> {
        characters(text)?;
        let (host, port) = split(text)?;
        Ok(Self { text: text.to_owned(), host, port: parse_port(port)? })
    }

    /// Reads what a client asks for: the same, after ASCII lower-casing.
    pub(super) fn requested(text: &str) -> Result<Self, TargetFault> {
        Self::parse(&text.to_ascii_lowercase())
    }

    /// The whole of it, as listed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The part before the port, as written: with brackets if it is an IPv6 address.
    pub(super) fn host_text(&self) -> &str {
        self.text.rsplit_once(':').map_or("", |(host, _)| host)
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What no target holds, whatever its shape, so that the message names the trick rather than what follows from it.
fn characters(text: &str) -> Result<(), TargetFault> {
    if text.is_empty() {
        return Err(TargetFault::Empty);
    }
    for character in text.chars() {
        match character {
            '\0'..='\x1f' | '\x7f' => return Err(TargetFault::Control),
            ' ' => return Err(TargetFault::Space),
            '*' => return Err(TargetFault::Wildcard),
            '@' => return Err(TargetFault::UserInfo),
            '/' | '\\' | '?' | '#' => return Err(TargetFault::Url),
            '%' => return Err(TargetFault::Percent),
            'A'..='Z' => return Err(TargetFault::UpperCase),
            other if !other.is_ascii() => return Err(TargetFault::NotAscii),
            _ => {}
        }
    }
    Ok(())
}

fn split(text: &str) -> Result<(Host, &str), TargetFault> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(TargetFault::Ipv6)?;
        let port = match after.strip_prefix(':') {
            Some(port) => port,
            None if after.is_empty() => return Err(TargetFault::NoPort),
            None => return Err(TargetFault::Ipv6),
        };
        return Ok((Host::Address(IpAddr::V6(ipv6(address)?)), port));
    }
    let (host, port) = text.split_once(':').ok_or(TargetFault::NoPort)?;
    if port.contains(':') {
        return Err(TargetFault::Colons);
    }
    Ok((name_or_ipv4(host)?, port))
}

fn ipv6(text: &str) -> Result<Ipv6Addr, TargetFault> {
    let address: Ipv6Addr = text.parse().map_err(|_| TargetFault::Ipv6)?;
    if address.to_string() == text { Ok(address) } else { Err(TargetFault::Ipv6) }
}

fn name_or_ipv4(host: &str) -> Result<Host, TargetFault> {
    if host.len() > 1 && host.ends_with('.') && !host.ends_with("..") {
        return Err(TargetFault::TrailingDot);
    }
    if host.len() > NAME_CHARS {
        return Err(TargetFault::TooLong);
    }
    for label in host.split('.') {
        if label.is_empty() {
            return Err(TargetFault::EmptyLabel);
        }
        if label.len() > LABEL_CHARS {
            return Err(TargetFault::TooLong);
        }
        if let Some(odd) = label.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            return Err(TargetFault::Character(odd));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(TargetFault::Hyphen);
        }
    }
    if !ends_in_number(host) {
        return Ok(Host::Name(host.to_owned()));
    }
    // The standard library takes four decimal parts without leading zeros and nothing else.
    host.parse::<Ipv4Addr>()
        .map(|address| Host::Address(IpAddr::V4(address)))
        .map_err(|_| TargetFault::Number)
}

/// Whether resolvers may take a host for an IPv4 address (the URL standard's “ends in a number”).
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal =
        last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digits(last) || hexadecimal
}

fn parse_port(text: &str) -> Result<u16, TargetFault> {
    if text.is_empty() || text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TargetFault::Port);
    }
    text.parse().map_err(|_| TargetFault::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_is_taken() {
        for text in [
            "allowed.example:443",
            "localhost:1",
            "a-b.xn--bcher-kva.example:65535",
            "127.0.0.1:8080",
            "[::1]:443",
            "[2001:db8::1]:443",
            "3com.example:443",
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.text(), text);
            assert_eq!(format!("{}:{}", target.host_text(), target.port()), text);
        }
    }

    #[test]
    fn an_address_is_known_as_one() {
        let host = |text| Target::parse(text).unwrap().host().clone();
        assert_eq!(host("127.0.0.1:1"), Host::Address("127.0.0.1".parse().unwrap()));
        assert_eq!(host("[::1]:1"), Host::Address("::1".parse().unwrap()));
        assert_eq!(host("a.example:1"), Host::Name("a.example".to_owned()));
    }

    #[test]
    fn every_other_spelling_is_refused_by_name() {
        for (text, fault) in [
            ("", TargetFault::Empty),
            ("a.example\0:443", TargetFault::Control),
            ("a.example\t:443", TargetFault::Control),
            ("a.example :443", TargetFault::Space),
            ("bücher.example:443", TargetFault::NotAscii),
            ("A.example:443", TargetFault::UpperCase),
            ("*.example:443", TargetFault::Wildcard),
            ("user@a.example:443", TargetFault::UserInfo),
            ("https://a.example:443", TargetFault::Url),
            ("a.example:443/", TargetFault::Url),
            ("a%2eexample:443", TargetFault::Percent),
            ("[fe80::1%eth0]:443", TargetFault::Percent),
            ("a.example", TargetFault::NoPort),
            ("[::1]", TargetFault::NoPort),
            ("a.example:", TargetFault::Port),
            ("a.example:0", TargetFault::Port),
            ("a.example:0443", TargetFault::Port),
            ("a.example:+443", TargetFault::Port),
            ("a.example:65536", TargetFault::Port),
            ("a.example:https", TargetFault::Port),
            ("a.example:443:25", TargetFault::Colons),
            ("::1:443", TargetFault::Colons),
            ("a.example.:443", TargetFault::TrailingDot),
            (":443", TargetFault::EmptyLabel),
            (".:443", TargetFault::EmptyLabel),
            ("a..example:443", TargetFault::EmptyLabel),
            (".a.example:443", TargetFault::EmptyLabel),
            ("a_b.example:443", TargetFault::Character('_')),
            ("-a.example:443", TargetFault::Hyphen),
            ("127.1:443", TargetFault::Number),
            ("2130706433:443", TargetFault::Number),
            ("0x7f000001:443", TargetFault::Number),
            ("0x7f.0.0.0x1:443", TargetFault::Number),
            ("017700000001:443", TargetFault::Number),
            ("127.0.0.01:443", TargetFault::Number),
            ("256.0.0.1:443", TargetFault::Number),
            ("[0:0:0:0:0:0:0:1]:443", TargetFault::Ipv6),
            ("[::0001]:443", TargetFault::Ipv6),
            ("[127.0.0.1]:443", TargetFault::Ipv6),
            ("[::1:443", TargetFault::Ipv6),
            ("[::1]443", TargetFault::Ipv6),
        ] {
            assert_eq!(Target::parse(text).unwrap_err(), fault, "{text:?}");
        }
        let label = "a".repeat(LABEL_CHARS + 1);
        assert_eq!(Target::parse(&format!("{label}.example:443")).unwrap_err(), TargetFault::TooLong);
        let name = "a.".repeat(NAME_CHARS / 2) + "aa";
        assert_eq!(Target::parse(&format!("{name}:443")).unwrap_err(), TargetFault::TooLong);
    }

    #[test]
    fn a_request_may_differ_in_case_alone() {
        assert_eq!(
            Target::requested("ALLOWED.Example:443").unwrap(),
            Target::parse("allowed.example:443").unwrap()
        );
        assert_eq!(Target::requested("ALLOWED.example.:443").unwrap_err(), TargetFault::TrailingDot);
    }
}
