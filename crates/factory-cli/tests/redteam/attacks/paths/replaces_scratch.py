# does: puts a link in the place of its own folders, for somebody outside to follow
# stopped by: they are mounts (A); Landlock (B)
# profiles: A B
# off: leaked
# check: a folder of the run is a link
import os
from kit import parts, tries


def attack():
    for folder in (os.environ["HOME"], os.getcwd()):
        def swap():
            os.rename(folder, folder + ".old")
            os.symlink(os.environ["OUTSIDE"], folder)
        tries(swap)


def check():
    for name in ("ROOT", "SCRATCH"):
        if os.path.islink(os.environ[name]):
            print(os.environ["CANARY"])


parts(attack, check=check)
