//! Moves the keeper into namespaces of its own, so that what it starts next is the first process of a new process table, and
//! root over nothing but them.

use std::fs;
use std::io::{self, ErrorKind};

use nix::sched::{self, CloneFlags};
use nix::unistd;
use rustix::thread::{self, CapabilitySet};

use crate::confinement::Network;
use crate::init::USER;

/// What the first process needs to build a sandbox. It gives these up before the command starts.
const NEEDED: [CapabilitySet; 3] =
    [CapabilitySet::SYS_ADMIN, CapabilitySet::NET_ADMIN, CapabilitySet::SETPCAP];

/// The mounts stay the keeper's: it goes on to look into the machine's process table. Fails where the machine does not let this user have user namespaces. The caller must have one thread only, and can make
/// no other afterwards.
pub(super) fn enter(network: Network) -> io::Result<()> {
    let (user, group) = (unistd::geteuid(), unistd::getegid());
    if user.is_root() {
        // Root may be in groups that open files elsewhere; nobody else can leave theirs.
        unistd::setgroups(&[])?;
    }
    let mut spaces = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    if network == Network::Private {
        spaces |= CloneFlags::CLONE_NEWNET;
    }
    sched::unshare(spaces)?;
    match fs::write("/proc/self/setgroups", "deny") {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::write("/proc/self/uid_map", format!("{USER} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{USER} {group} 1"))?;
    // A user other than root keeps capabilities over an exec only in this way.
    let mut held = thread::capabilities(None)?;
    held.inheritable = held.permitted;
    thread::set_capabilities(None, held)?;
    for capability in NEEDED {
        thread::configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}
