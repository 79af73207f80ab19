# does: reads where links lead and what attributes files have, outside of what it can open
# stopped by: what is not named does not exist
# profiles: A
# weakness: Landlock looks neither at the targets of links nor at extended attributes
# off: leaked
import os
from kit import parts, say, tries


def attack():
    there = os.environ["OUTSIDE"]
    tries(lambda: say(os.readlink(there + "/link")), lambda: say(os.getxattr(there + "/file", "user.note")))


def plant():
    there = os.environ["OUTSIDE"]
    os.symlink(os.environ["CANARY"], there + "/link")
    open(there + "/file", "w").close()
    try:
        os.setxattr(there + "/file", "user.note", os.environ["CANARY"].encode())
    except OSError:
        pass


parts(attack, plant)
