# does: links or moves the holdout into its own checkout, and reads it there
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
import os
from kit import look, parts, tries


def attack():
    there = os.environ["HOLDOUTS"]
    tries(lambda: os.link(f"{there}/login.md", "linked"), lambda: look("linked"))
    tries(lambda: os.rename(f"{there}/login.md", "moved"), lambda: look("moved"))
    tries(lambda: os.rename(there, "folder"), lambda: look("folder/login.md"))


parts(attack)
