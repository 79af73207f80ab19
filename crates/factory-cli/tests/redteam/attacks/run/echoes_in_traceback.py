# does: a candidate breaks down with what it is asked in the message of its exception, in the names of its functions and in its exit
# stopped by: how it ended is one of eight classes; its words stay with the evaluator
# profiles: A
# off: leaked
# role: candidate
# ends: merged
from story import RIGHT, candidate, does, story

HOSTILE = candidate("""
exec(f"def the_word_is_{''.join(c for c in said if c.isalnum())}(): raise SystemExit({said!r})")
[each for name, each in locals().items() if name.startswith("the_word_is")][0]()
""")

story([does(HOSTILE), does(RIGHT)])
