//! The system calls that no library of ours wraps. All `unsafe` of the factory is in this file.

#![expect(unsafe_code, reason = "nothing safe offers these calls; each block says why it is sound")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Takes a descriptor that the parent process has left open for this one under a number that both agreed on. Fails if
/// there is none. The number belongs to whoever calls this, once.
pub(crate) fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: `fcntl` with these arguments touches no memory, whatever the number is.
    let flags = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    if flags == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has shown that it is open; nobody else in this process knows of it, as it came by exec.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Attributes of a mount, as mount_setattr(2) sets them; all are only ever switched on.
#[derive(Clone, Copy, Default)]
pub(crate) struct MountAttributes {
    /// Nothing can be written.
    pub(crate) read_only: bool,
    /// No device can be opened.
    pub(crate) no_devices: bool,
    /// Nothing can be executed.
    pub(crate) no_execution: bool,
}

/// Sets attributes of the mount that a descriptor of open_tree(2) stands for, and of all mounts below it if `recursive`.
/// Set-user-id bits never count.
pub(crate) fn set_mount(tree: impl AsFd, attributes: MountAttributes, recursive: bool) -> io::Result<()> {
    let mut set = libc::MOUNT_ATTR_NOSUID;
    if attributes.read_only {
        set |= libc::MOUNT_ATTR_RDONLY;
    }
    if attributes.no_devices {
        set |= libc::MOUNT_ATTR_NODEV;
    }
    if attributes.no_execution {
        set |= libc::MOUNT_ATTR_NOEXEC;
    }
    let request = libc::mount_attr { attr_set: set, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a string with its end, and the structure outlives the call, which only reads it.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const request,
            size_of::<libc::mount_attr>(),
        )
    };
    if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Switches the loopback interface of this process's network on; a new one comes with it switched off.
pub(crate) fn loopback_up(socket: impl AsFd) -> io::Result<()> {
    // SAFETY: every bit pattern of zeros is a valid `ifreq`, which is plain data.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes_with_nul()) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    let up = libc::IFF_UP | libc::IFF_RUNNING;
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(up).expect("the two flags fit");
    // SAFETY: the request is the structure that this call reads, and outlives it.
    let done = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
