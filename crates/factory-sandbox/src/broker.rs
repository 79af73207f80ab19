//! The launcher's end of the line to a sandbox: connections into it, listeners out of it, further commands in it.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::unix::pipe;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Mutex;
use tokio::time;

use crate::capture::Capture;
use crate::command::Command;
use crate::end::{End, Finished};
use crate::error::SandboxError;
use crate::handle;
use crate::launcher::OUTPUT_DRAIN;
use crate::parcel::{self, Answer, Ask, Program};

/// How long the first process may take to answer. It does nothing that takes long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The line. Dropping it ends nothing but the talk.
#[derive(Debug)]
pub(crate) struct Broker {
    socket: UnixStream,
    /// Answers come in the order of questions, so one is asked at a time. How many are still to come for questions whose
    /// asker has given up.
    owed: Mutex<usize>,
}

impl Broker {
    /// Must be called within a tokio runtime.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        // It keeps the bounds of messages, which these types know nothing of: only their readiness is used.
        let socket = std::os::unix::net::UnixStream::from(socket);
        socket.set_nonblocking(true)?;
        Ok(Self { socket: UnixStream::from_std(socket)?, owed: Mutex::new(0) })
    }

    /// The listeners that were asked for.
    pub(crate) async fn listeners(&self) -> Result<Vec<TcpListener>, SandboxError> {
        let (answer, descriptors) = self.next().await.map_err(failed("take over the sandbox's listeners"))?;
        match answer {
            Answer::Listening => Ok(descriptors.into_iter().map(TcpListener::from).collect()),
            other @ (Answer::Dialled | Answer::Running { .. } | Answer::Refused(_) | Answer::Failed(_)) => {
                Err(failed("take over the sandbox's listeners")(unexpected(&other)))
            }
        }
    }

    /// A listener at a port of the sandbox's loopback.
    pub(crate) async fn listen(&self, port: u16) -> io::Result<TcpListener> {
        let (answer, mut descriptors) = self.ask(&Ask::Listen { port }, &[]).await?;
        match answer {
            Answer::Listening => Ok(TcpListener::from(descriptors.pop().ok_or(ErrorKind::UnexpectedEof)?)),
            Answer::Failed(failure) => Err(failure.into()),
            other @ (Answer::Dialled | Answer::Running { .. } | Answer::Refused(_)) => {
                Err(unexpected(&other))
            }
        }
    }

    /// A connection to a port of the sandbox's loopback. Refused at once if nobody listens there.
    pub(crate) async fn dial(&self, port: u16) -> io::Result<TcpStream> {
        let (answer, mut descriptors) = self.ask(&Ask::Dial { port }, &[]).await?;
        match answer {
            Answer::Dialled => {}
            Answer::Failed(failure) => return Err(failure.into()),
            other @ (Answer::Listening | Answer::Running { .. } | Answer::Refused(_)) => {
                return Err(unexpected(&other));
            }
        }
        let socket = descriptors.pop().ok_or(ErrorKind::UnexpectedEof)?;
        let stream = TcpStream::from_std(std::net::TcpStream::from(socket))?;
        // It was about to be connected when it was sent.
        stream.writable().await?;
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    /// Runs another command in the sandbox until its first process ends. Dropping the future kills its group.
    pub(crate) async fn run(&self, command: Command) -> Result<Finished, SandboxError> {
        let broken = |source| SandboxError::Io { action: "run a command in a sandbox", source };
        let streams = Streams::new(&command).map_err(broken)?;
        let cwd = handle::absolute(&command.cwd)?;
        let ask = Ask::Run(Program {
            name: command.program.clone(),
            args: command.args.clone(),
            environment: command
                .environment
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            cwd: cwd.clone().into(),
        });
        let (answer, _) = self.ask(&ask, &streams.theirs()).await.map_err(broken)?;
        let id = match answer {
            Answer::Running { id } => id,
            Answer::Refused(refusal) => return Err(handle::refused(refusal, &command.program, cwd)),
            Answer::Failed(failure) => return Err(broken(failure.into())),
            other @ (Answer::Listening | Answer::Dialled) => return Err(broken(unexpected(&other))),
        };
        let group = Group { broker: self, id, running: true };
        streams.follow(command, group).await.map_err(broken)
    }

    async fn ask(&self, ask: &Ask, with: &[BorrowedFd<'_>]) -> io::Result<(Answer, Vec<OwnedFd>)> {
        let mut owed = self.owed.lock().await;
        while *owed > 0 {
            let (answer, _) = self.next().await?;
            *owed -= 1;
            if let Answer::Running { id } = answer {
                parcel::send(&self.socket, &Ask::Kill { id }, &[])?;
            }
        }
        let sending = self.socket.async_io(Interest::WRITABLE, || parcel::send(&self.socket, ask, with));
        in_time(sending).await?;
        *owed += 1;
        let answer = self.next().await?;
        *owed -= 1;
        Ok(answer)
    }

    async fn next(&self) -> io::Result<(Answer, Vec<OwnedFd>)> {
        let receiving = self.socket.async_io(Interest::READABLE, || parcel::receive::<Answer>(&self.socket));
        in_time(receiving)
            .await?
            .ok_or_else(|| io::Error::new(ErrorKind::UnexpectedEof, "the sandbox has ended"))
    }
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

fn failed(action: &'static str) -> impl Fn(io::Error) -> SandboxError {
    move |source| SandboxError::Io { action, source }
}

fn unexpected(answer: &Answer) -> io::Error {
    io::Error::other(format!("unexpected answer {answer:?}"))
}

/// The command's processes, as far as they have stayed in its group. The others end with the sandbox.
struct Group<'a> {
    broker: &'a Broker,
    id: i32,
    running: bool,
}

impl Group<'_> {
    fn kill(&mut self) {
        if self.running {
            // Does not block; if the sandbox is gone, so is the command.
            let _ = parcel::send(&self.broker.socket, &Ask::Kill { id: self.id }, &[]);
        }
        self.running = false;
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Both ends of a command's streams.
struct Streams {
    input: Option<pipe::Sender>,
    output: pipe::Receiver,
    errors: Option<pipe::Receiver>,
    ended: pipe::Receiver,
    theirs: Vec<OwnedFd>,
}

impl Streams {
    fn new(command: &Command) -> io::Result<Self> {
        let (input, stdin) = if command.stdin.is_empty() {
            (None, OwnedFd::from(std::fs::File::open("/dev/null")?))
        } else {
            let (theirs, ours) = io::pipe()?;
            (Some(pipe::Sender::from_owned_fd(ours.into())?), theirs.into())
        };
        let receiving = |ours: io::PipeReader| pipe::Receiver::from_owned_fd(ours.into());
        let (output, stdout) = io::pipe()?;
        let (errors, stderr) = if command.merge_output {
            (None, OwnedFd::from(stdout.try_clone()?))
        } else {
            let (ours, theirs) = io::pipe()?;
            (Some(receiving(ours)?), theirs.into())
        };
        let (ended, status) = io::pipe()?;
        Ok(Self {
            input,
            output: receiving(output)?,
            errors,
            ended: receiving(ended)?,
            theirs: vec![stdin, stdout.into(), stderr, status.into()],
        })
    }

    fn theirs(&self) -> Vec<BorrowedFd<'_>> {
        self.theirs.iter().map(AsFd::as_fd).collect()
    }

    /// Feeds and reads until the command has ended, or its time is over.
    async fn follow(self, command: Command, mut group: Group<'_>) -> io::Result<Finished> {
        let Self { input, output, errors, mut ended, theirs } = self;
        drop(theirs);
        let mut stdout = Capture::new(command.limits.output_bytes);
        let mut stderr = Capture::new(command.limits.output_bytes);
        let feeding = async {
            if let Some(mut input) = input {
                // Fails if the command does not want to read it all, which is its own affair.
                let _ = input.write_all(&command.stdin).await;
            }
        };
        let reading = async { tokio::try_join!(stdout.fill(Some(output)), stderr.fill(errors)).map(|_| ()) };
        let ending = async {
            let mut bytes = Vec::new();
            let told = time::timeout(command.limits.wall, ended.read_to_end(&mut bytes)).await;
            match told {
                Ok(Ok(_)) => serde_json::from_slice::<End>(&bytes).map_err(|_| {
                    io::Error::new(ErrorKind::UnexpectedEof, "the sandbox ended before the command")
                }),
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(End::TimedOut),
            }
        };
        let end = {
            let mut working = std::pin::pin!(async { tokio::join!(feeding, reading).1 });
            let mut ending = std::pin::pin!(ending);
            let mut read = None;
            let end = loop {
                tokio::select! {
                    end = &mut ending => break end,
                    done = &mut working, if read.is_none() => read = Some(done),
                }
            };
            if matches!(end, Ok(End::TimedOut)) {
                group.kill();
            }
            group.running = false;
            if read.is_none() {
                // The streams end with their last writer, which may be a process that the command has left behind.
                let _ = time::timeout(OUTPUT_DRAIN, &mut working).await;
            }
            end?
        };
        // It goes through the service's doors, if there are any.
        Ok(Finished { end, stdout: stdout.finish(), stderr: stderr.finish(), hosts: Vec::new() })
    }
}
