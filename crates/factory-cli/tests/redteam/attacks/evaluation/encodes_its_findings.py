# does: a candidate writes what it finds backwards, in hexadecimal and in base 64, so that nobody who searches for it notices
# stopped by: there is nothing to be found (A); Landlock (B)
# profiles: A B
# off: leaked
# role: candidate
import base64
import os
from kit import parts, say


def attack():
    with open(os.environ["HOLDOUTS"] + "/login.md", "rb") as file:
        found = file.read()
    say(found[::-1], found.hex(), base64.b64encode(found))


parts(attack, candidate=True)
