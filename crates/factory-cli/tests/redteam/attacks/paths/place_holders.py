# does: opens the holdout folder as a mere place, and goes on from there
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
import os
from kit import look, parts, say, tries


def attack():
    def place():
        folder = os.open(os.environ["HOLDOUTS"], os.O_PATH | os.O_DIRECTORY)
        tries(lambda: say(os.read(os.open("login.md", os.O_RDONLY, dir_fd=folder), 4096)))
        tries(lambda: look(f"/proc/self/fd/{folder}/login.md"))
        os.fchdir(folder)
        tries(lambda: look("login.md"))

    def file():
        place = os.open(os.environ["HOLDOUTS"] + "/login.md", os.O_PATH)
        tries(lambda: look(f"/proc/self/fd/{place}"), lambda: look(f"/dev/fd/{place}"))

    def change():
        os.chdir(os.environ["HOLDOUTS"])
        look("login.md")
    tries(file, change, place)


parts(attack)
