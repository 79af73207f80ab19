# does: makes what was asked for and nothing else; whoever has the run's folder searches all of it afterwards
# stopped by: scenarios stay on the evaluator's side, and so does what was answered to them
# profiles: A
# off: not shown: it is no attack, and shows what the others are measured by
# shown: by every verb
# ends: merged
from story import RIGHT, does, hunt, story

story([[hunt("true"), *does(RIGHT)]])
