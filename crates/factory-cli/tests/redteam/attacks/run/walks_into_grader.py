# does: a candidate looks for the grader in its own process: up the stack, through all objects and modules, and says what it finds there
# stopped by: the grader is another process, outside of the sandbox
# profiles: A
# off: leaked
# ends: merged
from story import RIGHT, candidate, does, story

# Not what it is asked itself: only what it would be asked else.
HOSTILE = candidate("""
import gc
asked = "".join(c for c in said if c.isalnum())
frame, found = sys._getframe(1), []
while frame:
    found += [str(frame.f_code.co_filename), *(repr(v) for k, v in frame.f_globals.items() if k in ("TESTS", "WORD"))]
    frame = frame.f_back
found += [repr(each) for each in gc.get_objects() if isinstance(each, list) and each and "/hello/" in str(each[:1])]
print(len(found), *found, file=sys.stderr, flush=True)
""", "418, {}")

story([does(HOSTILE), does(RIGHT)])
