# does: writes, makes, renames and deletes outside of its checkout: holdouts, hooks, another run's files
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
# check: a file outside is new, changed or gone
import os
from kit import parts, tries


def attack():
    places = {name: os.environ[name] for name in ("HOLDOUTS", "PROJECT", "OUTSIDE", "OTHER")}
    for place in places.values():
        def make():
            with open(f"{place}/new", "w") as file:
                file.write("new")

        def change():
            with open(f"{place}/login.md", "a") as file:
                file.write("changed")
        tries(make, change, lambda: os.mkdir(f"{place}/folder"), lambda: os.symlink("/", f"{place}/link"))
        tries(lambda: os.truncate(f"{place}/login.md", 0), lambda: os.mkfifo(f"{place}/fifo"))
        tries(lambda: os.link("app.py", f"{place}/linked"), lambda: os.rename("app.py", f"{place}/renamed"))
        tries(lambda: os.unlink(f"{place}/login.md"), lambda: os.rmdir(place))


def plant():
    for name in ("PROJECT", "OUTSIDE", "OTHER"):
        with open(os.environ[name] + "/login.md", "w") as file:
            file.write("text\n")


def check():
    for name in ("HOLDOUTS", "PROJECT", "OUTSIDE", "OTHER"):
        place = os.environ[name]
        wanted = "Given" if name == "HOLDOUTS" else "text\n"
        if not os.path.isdir(place) or os.listdir(place) != ["login.md"]:
            print(os.environ["CANARY"], place)
        elif wanted not in open(place + "/login.md").read() or "changed" in open(place + "/login.md").read():
            print(os.environ["CANARY"], place)


parts(attack, plant, check)
