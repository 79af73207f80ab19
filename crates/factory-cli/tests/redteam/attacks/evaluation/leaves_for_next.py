# does: a candidate leaves what it was asked for the next one: in temporary folders, shared memory, caches, another run's folders
# stopped by: folders of its own that go with it (A); Landlock (B)
# profiles: A B
# off: leaked
# role: candidate
# check: something that it left is there
import os
from kit import parts, tries


def places():
    name = "redteam-next-" + os.path.basename(os.path.dirname(os.environ["PROJECT"]))
    folders = ("/tmp", "/var/tmp", "/dev/shm", "/run", os.environ["OTHER"], os.environ["OUTSIDE"])
    return [os.path.join(folder, name) for folder in folders]


def attack():
    for place in places():
        def write():
            with open(place, "w") as file:
                file.write("the password is asked for\n")
        tries(write)


def check():
    for place in places():
        if os.path.exists(place):
            print(os.environ["CANARY"])
            os.unlink(place)


parts(attack, check=check, candidate=True)
