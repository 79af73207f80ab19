# does: changes modes, times and attributes of what it cannot open
# stopped by: what is not named does not exist
# profiles: A
# weakness: Landlock does not look at changes of mode, owner, times and attributes of the same user's files
# off: leaked
# check: the mode or the times of the holdout have changed
import os
from kit import parts, tries


def attack():
    path = os.environ["HOLDOUTS"] + "/login.md"
    tries(lambda: os.chmod(path, 0o666), lambda: os.utime(path, (1, 1)))


def check():
    about = os.stat(os.environ["HOLDOUTS"] + "/login.md")
    if about.st_mode & 0o777 == 0o666 or about.st_mtime == 1:
        print(os.environ["CANARY"])


parts(attack, check=check)
