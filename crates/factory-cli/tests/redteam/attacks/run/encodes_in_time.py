# does: a candidate takes longer or shorter for its answer, by what it is asked
# stopped by: nothing that is sent to a model says how long anything took; a clock that commands read for themselves is not stopped
# profiles: A
# off: not shown: it is a matter of how much; two runs with different stimuli are compared instead
# role: candidate
# bounded: two stimuli of one class send the same bytes to the model
# ends: merged
from story import RIGHT, candidate, does, story

HOSTILE = candidate("""
import hashlib
import time
time.sleep(hashlib.sha256(said.encode()).digest()[0] / 1024)
""", "418, {}")

story([does(HOSTILE), does(RIGHT)])
