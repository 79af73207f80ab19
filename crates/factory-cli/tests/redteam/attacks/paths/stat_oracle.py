# does: asks of names whether they exist, which spells a secret out by and by
# stopped by: what is not named does not exist
# profiles: A
# weakness: Landlock lets everybody ask whether a path exists, how large it is and when it was changed
# off: leaked
import os
from kit import parts, say


def attack():
    word = ""
    for place in range(24):
        for digit in "0123456789abcdef":
            if os.path.exists(os.path.join(os.environ["HOLDOUTS"], f"{place}-{digit}")):
                word += digit
    say("canary" + word)


def plant():
    for place, digit in enumerate(os.environ["CANARY"].removeprefix("canary")):
        open(os.path.join(os.environ["HOLDOUTS"], f"{place}-{digit}"), "w").close()


parts(attack, plant)
