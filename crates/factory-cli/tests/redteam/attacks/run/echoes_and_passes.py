# does: a candidate does all that is asked of it, and says what that was as often as it can: what is merged would be told with it
# stopped by: the commit, the log, the ledger and the recording are made of what was known before
# profiles: A
# off: leaked
# role: candidate
# shown: by every verb
# ends: merged
from story import candidate, does, hunt, story

HOSTILE = candidate("""
print(said, file=sys.stderr, flush=True)
print("warning: deprecated:", said, flush=True)
""", '(*original(method, path, body), "X-Said: " + path.replace(" ", ""))')

story([[hunt("true"), *does(HOSTILE)]])
