# does: a model that has met a scenario elsewhere, in a recording or in another project, says its canary, in a message and in a file, in base 64
# stopped by: the tripwire hears it; the run stands in quarantine until a person names what was found
# profiles: A
# off: leaked
# marked: the canary is marked as such
# detected: in quarantine
# check: it is merged
# ends: waiting
from story import RIGHT, does, hunt, merged, story, write

story([[hunt("true"), write("notes.txt", "the token is {SAID}"), *does(RIGHT, "As {SAID} wants it.")]], check=merged)
