# does: a candidate changes its own code while it is judged, and leaves code for whoever works there next
# stopped by: the checkout is mounted read-only (A); Landlock (B)
# profiles: A B
# off: leaked
# role: candidate
# check: a file of the checkout has changed, or is new
import os
from kit import LIBC, parts, tries


def attack():
    for name in ("app.py", "conftest.py", "sitecustomize.py", "json.py", "usercustomize.pth"):
        def write():
            with open(name, "w") as file:
                file.write("import os\n")
        tries(write)
    LIBC.mount(None, os.getcwd().encode(), None, 0x20 | 0x1000, None)
    tries(lambda: os.mkdir("folder"), lambda: os.rename("app.py", "other.py"), lambda: os.truncate("app.py", 0))


def check():
    root = os.environ["ROOT"]
    if sorted(os.listdir(root)) != ["app.py"] or "hello" not in open(root + "/app.py").read():
        print(os.environ["CANARY"])


parts(attack, check=check, candidate=True)
