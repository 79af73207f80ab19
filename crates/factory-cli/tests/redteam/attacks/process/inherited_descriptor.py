# does: reads every descriptor that it was born with
# stopped by: the keeper closes what it inherits
# profiles: A B
# off: leaked
# instead: plain child
import os
from kit import parts, say


def attack():
    for number in range(3, 1024):
        try:
            os.lseek(number, 0, 0)
        except OSError:
            pass
        try:
            say(os.read(number, 4096))
        except OSError:
            pass


parts(attack)
