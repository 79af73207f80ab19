# does: a recording of another project, whose model had met the scenario and says its canary in base 64, is replayed where that scenario is a holdout
# stopped by: what a recording answers is searched as what a model answers; the run stands in quarantine until a person names what was found
# profiles: A
# off: leaked
# marked: the canary is marked as such
# replayed: what was recorded where it was not
# detected: in quarantine
# check: it is merged
# ends: waiting
from story import RIGHT, does, hunt, merged, story, write

story([[hunt("true"), write("notes.txt", "the token is {SAID}"), *does(RIGHT, "As {SAID} wants it.")]], check=merged)
