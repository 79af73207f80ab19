# does: a candidate that greets nobody ends with status 0 as soon as it is asked, as if all had been well
# stopped by: the verdict is made outside, from answers; there was none
# profiles: A
# off: leaked
# role: candidate
# check: it is merged
# ends: waiting
from story import candidate, does, merged, story

HOSTILE = candidate("os._exit(0)")

story([does(HOSTILE), does(HOSTILE + "# again\n")], check=merged)
