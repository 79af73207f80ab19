//! Landlock: rules on files, ports, signals and abstract sockets that hold for this process and all it starts.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::{Broken, Confinement, at, paths};
use crate::confinement::{Network, Profile};
use crate::toolchains;

/// What is asked for. A kernel that knows less does less, within what [`LEAST`] allows.
const NEWEST: ABI = ABI::V6;
/// What profile B cannot do without: rules on TCP ports came with this version (Linux 6.7).
const LEAST: ABI = ABI::V4;

/// Where a confined command may write whatever its job is. In profile A these are its own.
const ALWAYS_WRITE: [&str; 3] = ["/tmp", "/dev/shm", "/dev/pts"];
/// Devices that are files like any other.
const DEVICES: [&str; 7] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"];

/// Restricts this process.
pub(super) fn restrict(confinement: &Confinement) -> Result<(), Broken> {
    let spaces = confinement.profile == Profile::Namespaces;
    let status = rules(confinement)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| at::<io::Error>("set the rules of Landlock")(in_words(error)))?;
    if !spaces && status.ruleset == RulesetStatus::NotEnforced {
        let missing = io::Error::from(io::ErrorKind::Unsupported);
        return Err(at("set the rules of Landlock")(missing));
    }
    Ok(())
}

/// What people can do something with: of rights that the kernel does not know, the library names the bits.
fn in_words(error: RulesetError) -> io::Error {
    match error {
        RulesetError::HandleAccesses(_) => io::Error::new(
            io::ErrorKind::Unsupported,
            "the kernel has no Landlock, or less of it than is needed (version 4, Linux 6.7)",
        ),
        other => io::Error::other(other),
    }
}

fn rules(confinement: &Confinement) -> Result<RulesetCreated, RulesetError> {
    let spaces = confinement.profile == Profile::Namespaces;
    // In profile A, namespaces hold what an old kernel's Landlock does not.
    let level = if spaces { CompatLevel::BestEffort } else { CompatLevel::HardRequirement };
    let mut rules = Ruleset::default().set_compatibility(level).handle_access(AccessFs::from_all(LEAST))?;
    let ports = !spaces && confinement.network == Network::Private;
    if ports {
        rules = rules.handle_access(AccessNet::from_all(LEAST))?;
    }
    // What newer kernels can do beyond that is taken where it is.
    rules = rules.set_compatibility(CompatLevel::BestEffort).handle_access(AccessFs::from_all(NEWEST))?;
    rules = rules.scope(Scope::from_all(NEWEST))?;
    let mut rules = rules.create()?;

    let reading = AccessFs::from_read(NEWEST);
    let everything = AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let system = toolchains::SYSTEM.iter().map(PathBuf::from);
    let mut readable: Vec<PathBuf> = system.collect();
    readable.extend(toolchains::configuration(confinement.network));
    readable.extend(paths(&confinement.read));
    let mut writable = paths(&confinement.write);
    if spaces {
        // The process table and the files about the user are the sandbox's own. Nothing below `/proc` can be written.
        readable.extend(["/proc", "/etc", "/dev"].map(PathBuf::from));
        writable.extend(ALWAYS_WRITE.map(PathBuf::from));
    } else {
        readable.extend(["/etc/passwd", "/etc/group"].map(PathBuf::from));
    }
    for path in readable {
        rules = allow(rules, &path, reading)?;
    }
    for path in writable {
        rules = allow(rules, &path, everything)?;
    }
    for path in DEVICES {
        let access = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
        rules = allow(rules, Path::new(path), access)?;
    }
    if ports {
        for port in &confinement.ports {
            rules = rules.add_rule(NetPort::new(*port, AccessNet::BindTcp | AccessNet::ConnectTcp))?;
        }
        for port in &confinement.doors {
            rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
    }
    Ok(rules)
}

/// A rule for a path and all below it; one that is not there needs none.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(place) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
    rules.add_rule(PathBeneath::new(place, access))
}
