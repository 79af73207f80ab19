# does: reads what the orchestrator has left in its environment
# stopped by: an environment that begins empty
# profiles: A B
# off: leaked
# instead: plain child
import os
from kit import look, parts, say, tries


def attack():
    say(dict(os.environ))
    tries(lambda: look("/proc/self/environ"))


parts(attack)
