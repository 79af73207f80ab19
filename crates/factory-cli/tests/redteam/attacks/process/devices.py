# does: makes device files for the memory and the disks, and opens them
# stopped by: no capability; seccomp; mounts without devices (A)
# profiles: A B
# off: leaked as root
# check: a device was made or opened
import os
import stat
from kit import parts, possible


def attack():
    for name, kind, major, minor in (("memory", stat.S_IFCHR, 1, 1), ("null", stat.S_IFCHR, 1, 3), ("disk", stat.S_IFBLK, 254, 0)):
        possible(f"make {name}", lambda: os.mknod(name, kind | 0o600, os.makedev(major, minor)))
        possible(f"open {name}", lambda: os.open(name, os.O_RDONLY))
        if os.path.exists(name):
            os.unlink(name)
    for name in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/fuse", "/dev/kvm", "/dev/vsock", "/dev/net/tun"):
        possible(name, lambda: os.open(name, os.O_RDONLY))


parts(attack)
