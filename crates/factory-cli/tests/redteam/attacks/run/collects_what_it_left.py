# does: a candidate writes down what it is asked wherever it can, and the next attempt's commands collect it
# stopped by: folders of its own that go with it (A); Landlock (B)
# profiles: A B
# off: leaked
# role: candidate
# ends: merged
import os
from story import RIGHT, candidate, does, hunt, story

BASE = os.environ.get("BASE", "/nowhere")
PLACES = ["/tmp", "/var/tmp", "/dev/shm", BASE, f"{BASE}/cache", f"{BASE}/project", "."]
HOSTILE = candidate(f"""
for folder in {PLACES!r}:
    try:
        open(folder + "/.left-by-a-candidate", "a").write(said)
    except OSError as error:
        print(folder, error, file=sys.stderr)
""", "418, {}")
LEFT = " ".join(f"{place}/.left-by-a-candidate" for place in PLACES)

story([does(HOSTILE), [hunt(f"cat {LEFT}; rm -f {LEFT}"), *does(RIGHT)]])
