//! Which addresses a name may stand for.
//!
//! Whoever serves an allowed name chooses its addresses. So a name never leads to this machine or into the networks it
//! is in; an address that is listed as such leads where it says. Ranges: the IANA special-purpose registries (RFC 6890
//! and its updates).

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::target::{Host, Target};

/// Those of a target's addresses that may be connected to, in their order.
pub(super) fn admissible(target: &Target, permit_local: bool, found: &[SocketAddr]) -> Vec<SocketAddr> {
    let admitted = |ip: IpAddr| match target.host() {
        Host::Address(listed) => ip == *listed,
        Host::Name(_) => permit_local || !is_local(ip),
    };
    found.iter().copied().filter(|address| admitted(address.ip())).collect()
}

/// Whether an address leads to this machine or into a network that is somebody's own.
pub(super) fn is_local(ip: IpAddr) -> bool {
    !is_public(ip) || is_own(ip)
}

/// Whether an address belongs to nobody's own network.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = a == 0                                    // this network; 0.0.0.0 reaches the loopback
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()                               // also where clouds keep credentials
        || ip.is_multicast()
        || (a == 100 && (64..128).contains(&b))             // shared by carriers
        || (a == 192 && b == 0 && c == 0)                   // protocol assignments
        || (a == 198 && (18..20).contains(&b))              // benchmarks
        || a >= 240; // reserved and broadcast
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // Only 2000::/3 is handed out as global unicast; the loopback, link-local, unique-local, site-local and multicast
    // addresses all lie outside of it. Within it, 2001::/23 is for protocols (Teredo hides an IPv4 address in there).
    let [first, second, ..] = ip.segments();
    let global = first & 0xe000 == 0x2000;
    let protocols = first == 0x2001 && second & 0xfe00 == 0;
    global && !protocols
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (RFC 6052) or 6to4 (RFC 3056).
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, end] => Some(low(high, end)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, end] => Some(low(high, end)),
        [0x2002, high, end, ..] => Some(low(high, end)),
        _ => None,
    }
}

/// Whether an address is one of this machine's own, public ones included: only those can be bound. Where the system lets
/// anything be bound (`ip_nonlocal_bind`), or has no descriptor left to try it with, every name is refused.
fn is_own(ip: IpAddr) -> bool {
    match UdpSocket::bind((ip, 0)) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::AddrNotAvailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_somebodys_own_is_not_public() {
        for ip in ips(&[
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001:0:1::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
        ]) {
            assert!(!is_public(ip), "{ip}");
        }
    }

    #[test]
    fn what_is_everybodys_is_public() {
        for ip in ips(&[
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2606:4700::1111",
            "2001:4860::8888",
        ]) {
            assert!(is_public(ip), "{ip}");
        }
    }

    #[test]
    fn this_machine_knows_its_addresses() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn a_name_leads_to_public_addresses_alone() {
        let name = Target::parse("allowed.example:443").unwrap();
        let found: Vec<SocketAddr> = ["127.0.0.1:443", "192.0.2.1:443", "10.0.0.1:443", "[::1]:443"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert_eq!(admissible(&name, false, &found), [found[1]]);
        assert_eq!(admissible(&name, true, &found), found);
    }

    #[test]
    fn a_listed_address_leads_to_itself_alone() {
        let listed = Target::parse("10.0.0.1:443").unwrap();
        let found: Vec<SocketAddr> =
            ["127.0.0.1:443", "10.0.0.1:443"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(admissible(&listed, false, &found), [found[1]]);
    }
}
