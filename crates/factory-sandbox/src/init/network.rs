//! The loopback of a sandbox, and the listeners on it whose other side is outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{self, AddressFamily, SocketFlags, SocketType};

use super::{Broken, at};
use crate::raw;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 128;

/// Switches the loopback on and listens at these ports.
pub(super) fn loopback(doors: &[u16]) -> Result<Vec<OwnedFd>, Broken> {
    let switch = tcp().and_then(raw::loopback_up);
    switch.map_err(at("switch the loopback on"))?;
    doors.iter().map(|port| listener(*port)).collect::<Result<_, _>>().map_err(at("listen on the loopback"))
}

/// A listener at a port of the loopback.
pub(super) fn listener(port: u16) -> std::io::Result<OwnedFd> {
    let socket = tcp()?;
    // Connections to an earlier listener may not be quite over.
    net::sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, &loopback_at(port))?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// A socket that is about to be connected to a port of the loopback. Whoever gets it sees how that went.
pub(super) fn dial(port: u16) -> std::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    match net::connect(&socket, &loopback_at(port)) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

fn tcp() -> std::io::Result<OwnedFd> {
    Ok(net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

fn loopback_at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
