# does: a candidate fails in one way or another, by what it is asked: two stimuli that differ, and fail in the same class
# stopped by: what goes back is the class; the bits of it are counted for each scenario, which is burnt when they are spent
# profiles: A
# off: not shown: it is a matter of how much; two runs with different stimuli are compared instead
# role: candidate
# bounded: two stimuli of one class send the same bytes to the model
# ends: merged
from story import RIGHT, candidate, does, story

# A status of 256 that would say a byte, a body of 2**160, and a header: all of it is “wrong status”.
HOSTILE = candidate("""
import hashlib
known = hashlib.sha256(said.encode()).digest()
""", '400 + known[0] % 100, {"bits": known.hex()}, "X-Bits: " + known.hex()')

story([does(HOSTILE), does(RIGHT)])
