//! seccomp: system calls that no build, test or service needs, and that are ways out or into other processes.
//!
//! What is not named here is allowed, since a command may be any program; so calls under the other numbers of the same
//! machine (x32), and calls that are newer than this list, are refused as unknown.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter,
    SeccompRule, sock_filter,
};

use super::{Broken, Confinement, at};
use crate::confinement::{Network, Profile};

/// Refused as not permitted.
const FORBIDDEN: [c_long; 53] = [
    // Mounts.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    // Namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // Files without their names.
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    // Keys of the kernel.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // The kernel itself.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    // Clocks of the machine.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    // Memory of other nodes and processes.
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_memfd_secret,
    // Watching and blocking other users of a file system.
    libc::SYS_fanotify_mark,
];

/// Refused as unknown, because libraries then do the same in another way: asynchronous calls that no filter sees, and the
/// one by which processes are made whose arguments no filter can read.
const UNKNOWN: [c_long; 4] =
    [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register, libc::SYS_clone3];

/// IPC by numbers instead of names: shared with the machine in profile B.
const SHARED_IPC: [c_long; 13] = [
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// Ways of sending, with the argument that has their flags.
const SENDING: [(c_long, u8); 3] = [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)];

/// Flags of clone(2) that make namespaces.
const NEW_SPACES: [i32; 8] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWTIME,
];

/// Puts characters into a terminal, as if they had been typed; and the console's variety of it.
const TYPING: [u64; 2] = [libc::TIOCSTI, 0x541c];

/// The bits of a socket's type that say what it is; the others are flags.
const KIND_OF_SOCKET: u64 = 0xf;

/// The newest system call that was looked at for this list (`listns` of Linux 6.19). Numbers from 424 on are the same on
/// all architectures.
const NEWEST_CALL: u32 = 470;

/// Installs the filters.
pub(super) fn install(confinement: &Confinement) -> Result<(), Broken> {
    let step = "install the filter of system calls";
    let wrap =
        |error: &dyn std::error::Error| at::<std::io::Error>(step)(std::io::Error::other(error.to_string()));
    let forbidden = program(forbidden(confinement), libc::EPERM).map_err(|error| wrap(&error))?;
    let unknown = UNKNOWN.iter().map(|call| (*call, Vec::new())).collect();
    let unknown = program(unknown, libc::ENOSYS).map_err(|error| wrap(&error))?;
    for program in [newer(), unknown, forbidden] {
        seccompiler::apply_filter(&program).map_err(|error| wrap(&error))?;
    }
    Ok(())
}

fn program(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    errno: i32,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let refusal = SeccompAction::Errno(errno.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refusal, machine)?.try_into()
}

fn forbidden(confinement: &Confinement) -> BTreeMap<i64, Vec<SeccompRule>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in FORBIDDEN {
        rules.insert(call, Vec::new());
    }
    let spaces = NEW_SPACES.map(|flag| {
        let flag = u64::from(flag.cast_unsigned());
        rule(&[(0, Op::MaskedEq(flag), flag)])
    });
    rules.insert(libc::SYS_clone, spaces.into());
    rules.insert(libc::SYS_ioctl, TYPING.map(|request| rule(&[(1, Op::Eq, request)])).into());
    let kind = u64::from(libc::S_IFMT);
    let devices = |argument| {
        [libc::S_IFCHR, libc::S_IFBLK].map(|of| rule(&[(argument, Op::MaskedEq(kind), u64::from(of))])).into()
    };
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_mknod, devices(1));
    rules.insert(libc::SYS_mknodat, devices(2));
    rules.insert(libc::SYS_socket, sockets(confinement));
    if confinement.profile == Profile::Landlock {
        rules.extend(SHARED_IPC.map(|call| (call, Vec::new())));
        rules.extend(unseen(confinement.network));
    }
    rules
}

/// What profile B shares with the machine, and Landlock does not look at.
fn unseen(network: Network) -> BTreeMap<i64, Vec<SeccompRule>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    // Tells the names of what others open in a folder that cannot be opened.
    rules.insert(libc::SYS_inotify_add_watch, Vec::new());
    // Limits of other processes; 0 is the caller.
    rules.insert(libc::SYS_prlimit64, vec![rule(&[(0, Op::Ne, 0)])]);
    // Either half of a pair of datagram sockets can send to any other that has a path. A raw one is the same to the kernel.
    let pairs = [libc::SOCK_DGRAM, libc::SOCK_RAW]
        .map(|kind| rule(&[(1, Op::MaskedEq(KIND_OF_SOCKET), u64::from(kind.unsigned_abs()))]));
    rules.insert(libc::SYS_socketpair, pairs.into());
    if network == Network::Private {
        // Connects, and nothing that watches connect(2) is asked.
        let flag = u64::from(libc::MSG_FASTOPEN.unsigned_abs());
        let sending = SENDING.map(|(call, flags)| (call, vec![rule(&[(flags, Op::MaskedEq(flag), flag)])]));
        rules.extend(sending);
    }
    rules
}

/// Sockets that a command cannot make. In profile B also those of the kinds whose addresses Landlock does not look at.
fn sockets(confinement: &Confinement) -> Vec<SeccompRule> {
    let family = |family: i32| u64::from(family.unsigned_abs());
    let spaces = confinement.profile == Profile::Namespaces;
    let host = confinement.network == Network::Host;
    let mut allowed = vec![libc::AF_INET, libc::AF_INET6];
    if spaces {
        allowed.push(libc::AF_UNIX);
    }
    if spaces || host {
        // Only tells of interfaces, without privileges.
        allowed.push(libc::AF_NETLINK);
    }
    let others: Vec<_> = allowed.iter().map(|of| (0, Op::Ne, family(*of))).collect();
    let mut rules = vec![rule(&others)];
    if !spaces && !host {
        for of in [libc::AF_INET, libc::AF_INET6] {
            for kind in [libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_RDM, libc::SOCK_SEQPACKET] {
                let kind = (1, Op::MaskedEq(KIND_OF_SOCKET), family(kind));
                rules.push(rule(&[(0, Op::Eq, family(of)), kind]));
            }
            // MPTCP, SMC and others are TCP to the program, but not to Landlock.
            let tcp = u64::from(libc::IPPROTO_TCP.unsigned_abs());
            rules.push(rule(&[(0, Op::Eq, family(of)), (2, Op::Ne, 0), (2, Op::Ne, tcp)]));
        }
    }
    rules
}

/// All of the conditions: the number of an argument, and what its lower half is compared with.
fn rule(conditions: &[(u8, Op, u64)]) -> SeccompRule {
    let conditions = conditions.iter().map(|(argument, op, value)| {
        SeccompCondition::new(*argument, Len::Dword, op.clone(), *value).expect("there are six arguments")
    });
    SeccompRule::new(conditions.collect()).expect("a rule has a condition")
}

/// Refuses as unknown whatever has a higher number than the newest call that was looked at; so has all of x32.
fn newer() -> BpfProgram {
    // linux/filter.h and linux/bpf_common.h; the number is the first word of what a filter sees.
    let load_number = sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 };
    let if_greater = sock_filter { code: 0x25, jt: 0, jf: 1, k: NEWEST_CALL };
    let give = |action: u32| sock_filter { code: 0x06, jt: 0, jf: 0, k: action };
    let unknown = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    vec![load_number, if_greater, give(unknown), give(libc::SECCOMP_RET_ALLOW)]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_filters_of_every_kind_of_sandbox_can_be_compiled() {
        for profile in Profile::ALL {
            for network in [Network::Private, Network::Host] {
                let confinement = Confinement {
                    profile,
                    read: Vec::new(),
                    write: Vec::new(),
                    hidden: Vec::new(),
                    network,
                    ports: Vec::new(),
                    doors: Vec::new(),
                    memory_bytes: None,
                    processes: None,
                    file_bytes: None,
                };
                assert!(!program(forbidden(&confinement), libc::EPERM).unwrap().is_empty());
            }
        }
    }
}
