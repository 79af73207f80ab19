# does: a candidate opens the scenarios when it is asked something
# stopped by: they are not mounted (A); Landlock (B)
# profiles: A B
# off: leaked
# role: candidate
import os
from kit import parts, walk


def attack():
    walk(os.environ["HOLDOUTS"])
    walk(os.environ["PROJECT"])


parts(attack, candidate=True)
