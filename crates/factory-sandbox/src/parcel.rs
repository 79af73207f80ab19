//! Messages with descriptors, over a socket that keeps the bounds of messages: what a launcher and the first process of a
//! sandbox say to each other.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::wire::{Failure, Refusal};

/// The longest message. Environments go through it, and the system would take about twice as much.
const LONGEST: usize = 128 * 1024;
/// The most descriptors that come with one message.
const MOST_DESCRIPTORS: usize = 8;

/// What the launcher asks for. No `Debug`: an environment may hold secrets.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Ask {
    /// A connection to this port of the sandbox's loopback.
    Dial { port: u16 },
    /// A listener at this port of the sandbox's loopback.
    Listen { port: u16 },
    /// Another command in the same sandbox. With it come its input, its output, its errors, and a pipe to which the first
    /// process writes how it ended, as JSON.
    Run(Program),
    /// The end of a command that was run beside the first, and of its group.
    Kill { id: i32 },
}

/// A program to be executed in a sandbox, and with what.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Program {
    pub(crate) name: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) cwd: OsString,
}

/// What the first process of a sandbox says. One answer for each [`Ask`] but `Kill`, in their order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Answer {
    /// Listeners come with it: before anything else those of the doors, in the order asked for; later one at a time.
    Listening,
    /// A socket comes with it that is connected, or about to be.
    Dialled,
    /// The command runs under this id.
    Running { id: i32 },
    /// The command cannot be started.
    Refused(Refusal),
    /// It could not be done.
    Failed(Failure),
}

/// A connected pair of sockets.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends a message and copies of descriptors; blocks or not as the socket does.
pub(crate) fn send(
    socket: impl AsFd,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > LONGEST {
        let text = format!("a message to the sandbox has {} bytes, more than {LONGEST}", bytes.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors in one message"));
    }
    net::sendmsg(socket, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The next message with its descriptors, or `None` if the other end is closed.
pub(crate) fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; LONGEST];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let got =
        net::recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        // Nobody asks the system for anything else.
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    if got.bytes == 0 {
        return Ok(None);
    }
    if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message of the sandbox was cut off"));
    }
    let message = serde_json::from_slice(&bytes[..got.bytes])?;
    Ok(Some((message, descriptors)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn descriptors_come_with_their_message() {
        let (near, far) = pair().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        send(&near, &Answer::Running { id: 1 }, &[]).unwrap();
        send(&near, &Answer::Dialled, &[reader.as_fd()]).unwrap();
        drop(reader);
        let (first, none) = receive::<Answer>(&far).unwrap().unwrap();
        assert!(matches!(first, Answer::Running { id: 1 }) && none.is_empty());
        let (second, mut some) = receive::<Answer>(&far).unwrap().unwrap();
        assert!(matches!(second, Answer::Dialled));
        writer.write_all(b"through").unwrap();
        drop(writer);
        let mut text = String::new();
        File::from(some.pop().unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
    }

    #[test]
    fn a_closed_end_is_no_message_and_a_long_one_is_refused() {
        let (near, far) = pair().unwrap();
        let environment = vec![(OsString::from("A"), OsString::from("x".repeat(LONGEST)))];
        let beside = Program { name: "p".into(), args: vec![], environment, cwd: "/".into() };
        assert_eq!(send(&near, &Ask::Run(beside), &[]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        drop(near);
        assert!(receive::<Answer>(&far).unwrap().is_none());
    }
}
