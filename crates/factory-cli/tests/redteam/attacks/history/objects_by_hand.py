# does: unpacks everything below `.git` itself, without git
# stopped by: the proof: all objects are those of the one commit
# profiles: A B seal
# off: leaked
# sealed: a project with the holdout in a pack, without anything that refers to it
# instead: copy
import os
import subprocess
import zlib
from kit import parts, say


def attack():
    for folder, _, files in os.walk(".git"):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            say(data)
            for at in range(len(data)):
                # The header of a stream that zlib wrote.
                if data[at] == 0x78:
                    try:
                        say(zlib.decompressobj().decompress(data[at:]))
                    except zlib.error:
                        pass


def plant():
    git = lambda *line: subprocess.run(["git", *line], check=True, capture_output=True).stdout
    folder = "tests/holdouts"
    os.makedirs(folder)
    with open(f"{folder}/login.md", "wb") as to, open(os.environ["HOLDOUTS"] + "/login.md", "rb") as file:
        to.write(file.read())
    git("add", "-A")
    git("commit", "-qm", "scenarios")
    git("repack", "-qad")
    git("reset", "-q", "--hard", "HEAD~1")


parts(attack, plant)
