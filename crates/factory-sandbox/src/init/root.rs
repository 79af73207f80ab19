//! The file system of a sandbox in profile A: a new and empty root, into which is mounted what was named, at the paths that
//! it has outside. Everything else does not exist.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use nix::sched::{self, CloneFlags};
use rustix::fs::CWD;
use rustix::mount::{self, MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};
use rustix::process;

use super::{Broken, Confinement, at, paths};
use crate::confinement::Network;
use crate::raw::{self, MountAttributes};
use crate::toolchains;

/// Where the new root is put together. One of these folders is on every machine; what it holds has been opened before.
const WORKSHOPS: [&str; 4] = ["/tmp", "/mnt", "/run", "/var"];

/// Devices without which hardly a program runs.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Files of the process table that speak of the machine, and are nobody's business inside. As container engines do.
const MASKED_FILES: [&str; 7] =
    ["kcore", "keys", "kmsg", "latency_stats", "sched_debug", "sysrq-trigger", "timer_list"];
const MASKED_FOLDERS: [&str; 6] = ["acpi", "asound", "bus", "fs", "irq", "scsi"];

/// The user inside, who is the caller's outside.
pub(crate) const USER: u32 = 1000;

/// One thing at one path.
struct Piece {
    /// Absolute and without links.
    path: PathBuf,
    what: What,
}

enum What {
    /// A file or folder of the machine, as a mount that is nowhere yet.
    Tree { tree: OwnedFd, folder: bool },
    /// Nothing, in the place of a folder that is to be hidden.
    Nothing,
}

/// Builds the root and moves into it. What was the root before is gone afterwards.
pub(super) fn build(confinement: &Confinement) -> Result<(), Broken> {
    sched::unshare(CloneFlags::CLONE_NEWNS).map_err(at("separate the mounts"))?;
    mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(at("separate the mounts"))?;
    let pieces = pieces(confinement).map_err(at("open what the command may see"))?;
    let links = top_links();
    let devices = devices().map_err(at("open the devices"))?;

    let root = workshop().map_err(at("make a new root"))?;
    for (path, target) in &links {
        symlink(target, root.join(path.strip_prefix("/").unwrap_or(path)))
            .map_err(at("make the links of the new root"))?;
    }
    // First, because what is named may be inside of it.
    let (tmp, shared) = rooms(confinement.memory_bytes);
    temporary(&root.join("tmp"), &tmp).map_err(at("make the temporary folder"))?;
    dev(&root, devices, &shared).map_err(at("make the devices of the new root"))?;
    let masks = place(&root, pieces).map_err(at("fill the new root"))?;
    aliases(&root, confinement).map_err(at("fill the new root"))?;
    own_files(&root, confinement).map_err(at("write the files of the new root"))?;
    proc(&root, confinement.processes).map_err(at("mount the process table"))?;
    enter(&root, masks).map_err(at("enter the new root"))
}

/// Everything of the machine that is to be seen, and what in it is to be hidden, so sorted that what is inside of another
/// comes after it.
fn pieces(confinement: &Confinement) -> io::Result<Vec<Piece>> {
    let mut named: Vec<(PathBuf, bool)> = Vec::new();
    let system = toolchains::SYSTEM.iter().map(PathBuf::from).filter(|path| !path.is_symlink());
    named.extend(system.map(|path| (path, false)));
    named.extend(toolchains::configuration(confinement.network).into_iter().map(|path| (path, false)));
    named.extend(paths(&confinement.read).into_iter().map(|path| (path, false)));
    named.extend(paths(&confinement.write).into_iter().map(|path| (path, true)));
    let mut pieces = Vec::new();
    for (path, writable) in named {
        // What is not there cannot be seen either.
        let Ok(path) = path.canonicalize() else { continue };
        let tree = open(&path)?;
        let attributes =
            MountAttributes { read_only: !writable, no_devices: true, ..MountAttributes::default() };
        raw::set_mount(&tree, attributes, true)?;
        pieces.push(Piece { what: What::Tree { tree, folder: path.is_dir() }, path });
    }
    let seen: Vec<PathBuf> = pieces.iter().map(|piece| piece.path.clone()).collect();
    for path in paths(&confinement.hidden) {
        let Ok(path) = path.canonicalize() else { continue };
        // What is named itself is meant to be seen, even if something around it is hidden.
        let shows = |open: &PathBuf| path.starts_with(open) && *open != path;
        if seen.iter().any(shows) && !seen.contains(&path) {
            let what = if path.is_dir() {
                What::Nothing
            } else {
                What::Tree { tree: open(Path::new("/dev/null"))?, folder: false }
            };
            pieces.push(Piece { path, what });
        }
    }
    // Stable, so that of two for the same path the one named last is seen: what may be written goes before what is read.
    pieces.sort_by_key(|piece| piece.path.components().count());
    Ok(pieces)
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    mount::open_tree(CWD, path, flags).map_err(|error| {
        io::Error::new(io::Error::from(error).kind(), format!("{}: {error}", path.display()))
    })
}

/// Top folders that are links, such as `/bin` to `usr/bin`.
fn top_links() -> Vec<(PathBuf, PathBuf)> {
    let links = toolchains::SYSTEM.iter().map(PathBuf::from);
    links.filter_map(|path| Some((path.clone(), fs::read_link(&path).ok()?))).collect()
}

fn devices() -> io::Result<Vec<(&'static str, OwnedFd)>> {
    let mut opened = Vec::new();
    for name in DEVICES {
        let path = Path::new("/dev").join(name);
        if path.exists() {
            let tree = open(&path)?;
            raw::set_mount(
                &tree,
                MountAttributes { no_execution: true, ..MountAttributes::default() },
                false,
            )?;
            opened.push((name, tree));
        }
    }
    Ok(opened)
}

/// An empty file system of its own.
fn workshop() -> io::Result<PathBuf> {
    let place = WORKSHOPS.iter().map(Path::new).find(|path| path.is_dir());
    let place = place.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "there is no folder /tmp"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount::mount("tmpfs", place, "tmpfs", flags, c"mode=0755,size=16m,nr_inodes=65536")?;
    Ok(place.to_owned())
}

/// Mounts everything at its path below the new root. Returns the places that must stay empty.
fn place(root: &Path, pieces: Vec<Piece>) -> io::Result<Vec<PathBuf>> {
    let mut masks = Vec::new();
    for Piece { path, what } in pieces {
        let target = below(root, &path);
        match what {
            What::Tree { tree, folder } => {
                make(&target, folder)?;
                attach(&tree, &target)?;
            }
            What::Nothing => {
                make(&target, true)?;
                temporary(&target, "mode=0755,size=1m")?;
                masks.push(path);
            }
        }
    }
    Ok(masks)
}

/// Makes a place to mount on, unless it is there: in what was mounted before, nothing can be made.
fn make(target: &Path, folder: bool) -> io::Result<()> {
    if target.exists() {
        return Ok(());
    }
    let above = if folder { Some(target) } else { target.parent() };
    if let Some(above) = above {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(above)?;
    }
    if !folder {
        File::create(target)?;
    }
    Ok(())
}

fn attach(tree: &OwnedFd, target: &Path) -> io::Result<()> {
    mount::move_mount(tree, c"", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).map_err(|error| {
        io::Error::new(io::Error::from(error).kind(), format!("{}: {error}", target.display()))
    })
}

/// A path that was named through a link also works by that name.
fn aliases(root: &Path, confinement: &Confinement) -> io::Result<()> {
    for named in paths(&confinement.read).into_iter().chain(paths(&confinement.write)) {
        let Ok(real) = named.canonicalize() else { continue };
        let target = below(root, &named);
        // Something of that name may be there: seen through the system's own links, or as a folder around something else.
        if real == named || target.symlink_metadata().is_ok() {
            continue;
        }
        if let Some(above) = target.parent()
            && fs::DirBuilder::new().recursive(true).mode(0o755).create(above).is_ok()
        {
            // Where nothing can be made, the path leads through what is mounted, and works or not as it does outside.
            let _ = symlink(&real, &target);
        }
    }
    Ok(())
}

/// The files that tell who the user is, and that the loopback has a name.
fn own_files(root: &Path, confinement: &Confinement) -> io::Result<()> {
    let etc = root.join("etc");
    fs::DirBuilder::new().recursive(true).mode(0o755).create(&etc)?;
    let nobody = "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
    let users =
        format!("root:x:0:0:root:/:/bin/false\nfactory:x:{USER}:{USER}:factory:/tmp:/bin/sh\n{nobody}");
    write(&etc.join("passwd"), &users)?;
    write(&etc.join("group"), &format!("root:x:0:\nfactory:x:{USER}:\nnogroup:x:65534:\n"))?;
    match confinement.network {
        Network::Private => write(&etc.join("hosts"), "127.0.0.1 localhost\n::1 localhost\n"),
        Network::Host => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    File::create(path)?.write_all(text.as_bytes())
}

/// How much may be in `/tmp` and in `/dev/shm`, as options of their mounts. What is there is memory that no process has, so
/// it is bounded beside what processes may have: never by more than that. Names take memory, too.
fn rooms(memory_bytes: Option<u64>) -> (String, String) {
    let memory = memory_bytes.unwrap_or(u64::MAX);
    let (tmp, shared) = (memory.min(1 << 30), (memory / 4).min(256 << 20));
    // A size of 0 would mean none at all.
    let room = |bytes: u64| format!("mode=1777,size={},nr_inodes=131072", bytes.max(1 << 20));
    (room(tmp), room(shared))
}

fn dev(root: &Path, devices: Vec<(&'static str, OwnedFd)>, shared: &str) -> io::Result<()> {
    let dev = root.join("dev");
    for folder in [dev.clone(), dev.join("shm"), dev.join("pts")] {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    }
    for (name, tree) in devices {
        let target = dev.join(name);
        File::create(&target)?;
        attach(&tree, &target)?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, dev.join(name))?;
    }
    temporary(&dev.join("shm"), shared)?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount::mount("devpts", dev.join("pts"), "devpts", flags, c"newinstance,ptmxmode=0666,mode=0620")?;
    Ok(())
}

fn temporary(target: &Path, options: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(target)?;
    let options = std::ffi::CString::new(options)?;
    mount::mount("tmpfs", target, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?;
    Ok(())
}

/// The process table of the new namespace, without what it says of the machine, and with nothing in it to be written.
fn proc(root: &Path, processes: Option<u64>) -> io::Result<()> {
    let proc = root.join("proc");
    fs::DirBuilder::new().mode(0o555).create(&proc)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    if mount::mount("proc", &proc, "proc", flags, None).is_err() {
        // Inside of a container whose own table is masked, only one without anything but processes can be had.
        mount::mount("proc", &proc, "proc", flags, c"subset=pid")?;
    }
    if let Some(most) = processes {
        // Since Linux 6.14 each namespace has a limit of its own. It holds for root, too, whom RLIMIT_NPROC does not bound.
        let _ = fs::write(proc.join("sys/kernel/pid_max"), most.max(301).to_string());
    }
    for name in MASKED_FILES.map(|name| proc.join(name)) {
        if name.exists() {
            attach(&open(Path::new("/dev/null"))?, &name)?;
        }
    }
    for name in MASKED_FOLDERS.map(|name| proc.join(name)) {
        if name.is_dir() {
            temporary(&name, "mode=0555,size=4k")?;
        }
    }
    if let Ok(settings) = open(&proc.join("sys")) {
        raw::set_mount(&settings, MountAttributes { read_only: true, ..MountAttributes::default() }, true)?;
        attach(&settings, &proc.join("sys"))?;
    }
    Ok(())
}

/// Makes it the root of this process, lets go of the old one, and makes what is empty stay so.
fn enter(root: &Path, masks: Vec<PathBuf>) -> io::Result<()> {
    process::chdir(root)?;
    // The new root is put over the old one, which then is what is mounted at this place: see pivot_root(2).
    process::pivot_root(".", ".")?;
    mount::unmount(".", UnmountFlags::DETACH)?;
    process::chdir("/")?;
    for place in masks.iter().map(PathBuf::as_path).chain([Path::new("/")]) {
        let flags = OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let mounted = mount::open_tree(CWD, place, flags)?;
        raw::set_mount(
            mounted,
            MountAttributes { read_only: true, no_devices: true, ..MountAttributes::default() },
            false,
        )?;
    }
    Ok(())
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
