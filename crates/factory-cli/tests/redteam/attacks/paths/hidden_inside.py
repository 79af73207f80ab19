# does: reads holdouts inside of a folder that it can read: by dots, by links, by what is mounted over them
# stopped by: an empty mount in their place (A); profile B refuses to start
# profiles: A B
# off: leaked
# reads: tools without tools/deep/holdouts
import ctypes
import os
from kit import LIBC, look, parts, tries, walk


def attack():
    tools = os.environ["PROJECT"] + "/tools"
    hidden = tools + "/deep/holdouts"
    LIBC.umount2(ctypes.c_char_p(hidden.encode()), 2)
    tries(lambda: walk(tools), lambda: look(hidden + "/login.md"), lambda: look(tools + "/link/login.md"))
    tries(lambda: look(f"/proc/self/root{hidden}/login.md"), lambda: os.rename(tools + "/deep", tools + "/other"))
    tries(lambda: look(tools + "/deep/../deep/holdouts/login.md"), lambda: look(tools + "/link/../holdouts/login.md"))


def plant():
    tools = os.environ["PROJECT"] + "/tools"
    os.makedirs(tools + "/deep/holdouts")
    os.rename(os.environ["HOLDOUTS"] + "/login.md", tools + "/deep/holdouts/login.md")
    os.symlink(tools + "/deep/holdouts", tools + "/link")


parts(attack, plant)
