# does: mounts, remounts and unmounts, by the old calls and the new ones
# stopped by: no capability; seccomp
# profiles: A B
# off: not shown: as root it would change the mounts of the machine
# check: one of the calls worked
import ctypes
import os
from kit import LIBC, call, parts, possible


def attack():
    text = lambda value: ctypes.c_char_p(value.encode())
    here = os.getcwd()

    def mount(source, target, kind, flags):
        if LIBC.mount(text(source), text(target), text(kind), flags, None) != 0:
            raise OSError(ctypes.get_errno(), "mount")
    possible("remount", lambda: mount("none", "/", "", 0x20 | 0x1000))
    possible("remount read-only folder", lambda: mount("none", os.environ["KIT"], "", 0x20 | 0x1000))
    possible("tmpfs", lambda: mount("tmpfs", here, "tmpfs", 0))
    possible("proc", lambda: mount("proc", here, "proc", 0))
    possible("bind", lambda: mount("/", here, "", 0x1000 | 0x4000))
    possible("umount", lambda: call(166, text("/proc/kcore"), 2))
    possible("umount tmp", lambda: call(166, text("/tmp"), 2))
    possible("chroot", lambda: os.chroot("."))
    possible("pivot_root", lambda: call(155, text("."), text(".")))
    possible("open_tree", lambda: call(428, -100, text("/"), 1 | 0x8000))
    possible("fsopen", lambda: call(430, text("tmpfs"), 0))
    possible("mount_setattr", lambda: call(442, -100, text("/"), 0, ctypes.create_string_buffer(32), 32))


parts(attack)
