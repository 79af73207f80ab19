# does: a candidate answers with what it is asked where something else was expected, in the body, in a header and as a redirection, so that the difference is shown
# stopped by: a difference is told as its class and the requirement
# profiles: A
# off: not shown: the pipeline without a defence compares answers and shows none
# role: candidate
# ends: merged
from story import RIGHT, candidate, does, story

HOSTILE = candidate("""
word = "".join(c for c in said if c.isalnum())
""", '302, {"expected": said, "error": said}, "Location: /" + word, "X-Said: " + word')

story([does(HOSTILE), does(RIGHT)])
