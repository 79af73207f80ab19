//! What to run: program, arguments, directory, environment, input and limits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::confinement::{Access, Door, Network};
use crate::end::Contact;
use crate::environment::Environment;
use crate::error::SandboxError;
use crate::proxy::{Allowed, Bounds, Proxy};

/// The bounds of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run by the clock; then it is killed and its end is [`crate::End::TimedOut`]. Services too.
    pub wall: Duration,
    /// How many bytes of each output stream are kept, or of a service's log. Output beyond is read and dropped.
    pub output_bytes: usize,
    /// How large a file any of its processes may write; the one that goes further gets `SIGXFSZ`.
    pub file_bytes: Option<u64>,
    /// How long [`crate::Service::stop`] waits between asking and killing.
    pub grace: Duration,
    /// How many bytes of memory a confined command may have in use: each of its processes for data, and all together. What
    /// goes further is refused, and then killed.
    pub memory_bytes: Option<u64>,
    /// How many processes and threads a confined command may have at a time.
    pub processes: Option<u64>,
}

impl Default for Limits {
    /// Ten minutes, 1 MiB of each stream, files of any size, five seconds to stop; 8 GiB and 4,096 processes.
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(600),
            output_bytes: 1024 * 1024,
            file_bytes: None,
            grace: Duration::from_secs(5),
            memory_bytes: Some(8 << 30),
            processes: Some(4096),
        }
    }
}

/// A command to be run by a [`crate::Launcher`].
///
/// Unless set otherwise it runs in `/`, with an empty environment, `/dev/null` as its input and the default limits.
/// `Debug` shows neither the input nor the values of variables.
#[derive(Clone)]
pub struct Command {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) cwd: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) stdin: Vec<u8>,
    pub(crate) limits: Limits,
    pub(crate) merge_output: bool,
    pub(crate) access: Access,
}

impl Command {
    /// A program without arguments. A name without a slash is looked for in the `PATH` of the command's environment
    /// (in the system's default places if that has none); a relative path starts at the command's directory.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            cwd: PathBuf::from("/"),
            environment: Environment::empty(),
            stdin: Vec::new(),
            limits: Limits::default(),
            merge_output: false,
            access: Access::default(),
        }
    }

    /// A line for `/bin/sh -c`.
    pub fn shell(line: impl Into<OsString>) -> Self {
        Self::new("/bin/sh").arg("-c").arg(line)
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets the directory to run in; a relative one is taken from the caller's at the time of the launch.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = cwd.into();
        self
    }

    /// Sets the whole environment.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets what the command can read from its standard input, which then ends. It is held in memory. Without any, the
    /// input is `/dev/null` rather than an empty pipe, because some tools read a pipe in place of their arguments.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether standard error goes to the same pipe as standard output, so that the order of writing is kept. A
    /// service's log is always merged.
    #[must_use]
    pub fn merge_output(mut self, merge: bool) -> Self {
        self.merge_output = merge;
        self
    }

    /// Lets a confined command read this file, or this folder and all below it, and execute what is there.
    #[must_use]
    pub fn read(mut self, path: impl Into<PathBuf>) -> Self {
        self.access.read.push(path.into());
        self
    }

    /// Lets a confined command also write there. Its own temporary folder `/tmp`, empty at first and gone with it, it has
    /// in profile A anyway.
    #[must_use]
    pub fn write(mut self, path: impl Into<PathBuf>) -> Self {
        self.access.write.push(path.into());
        self
    }

    /// The network that a confined command has: by default one of its own.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.access.network = network;
        self
    }

    /// Names a port of the loopback on which a confined command will listen. In profile A it may listen on any.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.access.ports.push(port);
        self
    }

    /// Lets a confined command reach these hosts, `name:port` each, through a proxy behind a door of its private network.
    /// Programs are told of it by the variables that most of them heed; none can go around it. No host, no door.
    ///
    /// # Errors
    /// What is wrong with an entry; or that no port could be found for the door.
    pub fn allow(self, hosts: &[String]) -> Result<Self, SandboxError> {
        if hosts.is_empty() {
            return Ok(self);
        }
        let allowed = Allowed::of(hosts).map_err(|source| SandboxError::Hosts { source })?;
        // Free here and now, which is all that can be had on a loopback that others share.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port =
            port.map_err(|source| SandboxError::Io { action: "find a port for the proxy", source })?.port();
        let url = format!("http://{}:{port}", Ipv4Addr::LOCALHOST);
        let mut command = self;
        // Not those for plain HTTP: that would come as requests of another form, which the proxy does not take.
        for name in ["HTTPS_PROXY", "https_proxy"] {
            command.environment = command.environment.with(name, &url);
        }
        for name in ["NO_PROXY", "no_proxy"] {
            command.environment = command.environment.with(name, "127.0.0.1,localhost");
        }
        // Each ends when the command is over, and its doors are dropped.
        let running = Arc::clone(&command.access.proxies);
        let open = move |listener| {
            let proxy = Proxy::start(listener, allowed.clone(), Bounds::default())
                .map_err(|source| SandboxError::Proxy { source })?;
            running.lock().unwrap_or_else(PoisonError::into_inner).push(proxy);
            Ok(())
        };
        command.access.doors.push(Door { port, open: Arc::new(open) });
        Ok(command)
    }

    /// What its proxies were asked for so far, each host once.
    pub(crate) fn contacts(&self) -> Vec<Contact> {
        let proxies = self.access.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut times: BTreeMap<(bool, String), u64> = BTreeMap::new();
        for access in proxies.iter().flat_map(|proxy| proxy.accesses().list) {
            *times.entry((!access.allowed, access.target)).or_default() += 1;
        }
        let hosts = times.into_iter();
        hosts.map(|((refused, target), times)| Contact { target, allowed: !refused, times }).collect()
    }

    /// Puts a door into a private network: a command that connects to this port of its loopback is answered by whatever
    /// takes connections from the listener that `open` is given, outside of every sandbox. `open` is called within a tokio
    /// runtime, once for each launch, before the caller hears that the command has started; it must not block.
    #[must_use]
    pub fn door(mut self, port: u16, open: impl Fn(TcpListener) + Send + Sync + 'static) -> Self {
        let open = move |listener| {
            open(listener);
            Ok(())
        };
        self.access.doors.push(Door { port, open: Arc::new(open) });
        self
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("cwd", &self.cwd)
            .field("environment", &self.environment)
            .field("stdin_bytes", &self.stdin.len())
            .field("limits", &self.limits)
            .field("merge_output", &self.merge_output)
            .field("access", &self.access)
            .finish()
    }
}
