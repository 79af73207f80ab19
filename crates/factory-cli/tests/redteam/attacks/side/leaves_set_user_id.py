# does: leaves a shell behind that makes whoever starts it its owner
# stopped by: the checkout's folder is closed to other users
# profiles: A B
# off: leaked
# sealed: a project with a file
# then: its changes are taken out
# check: another user could start it
import os
import shutil
import stat
from kit import parts


def attack():
    shutil.copy("/bin/sh", "shell")
    os.chmod("shell", 0o6755)


def check():
    path = os.path.join(os.environ["ROOT"], "shell")
    if not os.path.exists(path) or not os.stat(path).st_mode & stat.S_ISUID:
        return
    above = os.path.dirname(path)
    # The folder that all of this suite is in is closed, too; here it counts what the checkout does.
    while os.path.basename(above) != "cache":
        if not os.stat(above).st_mode & 0o001:
            return
        above = os.path.dirname(above)
    print(os.environ["CANARY"])


parts(attack, check=check)
