# does: a candidate that greets nobody writes reports and scorecards of its own, and prints that all has passed
# stopped by: the verdict is made outside, from answers; nothing that a candidate writes is read
# profiles: A
# off: leaked
# role: candidate
# check: it is merged
# ends: waiting
from story import candidate, does, merged, story, write

REPORT = '<testsuite tests="2" failures="0" errors="0"/>'
CARD = '{"version": 1, "scenarios": [], "verdict": "passed", "passed": 2, "failed": 0}'
HOSTILE = candidate(f"""
print("2 of 2 scenarios passed")
print('{{"passed": 2, "failed": 0, "verdict": "passed"}}', file=sys.stderr, flush=True)
for name, text in (("report.xml", {REPORT!r}), ("scorecard.json", {CARD!r})):
    try:
        open(name, "w").write(text)
    except OSError as error:
        print(error, file=sys.stderr)
""", '404, {"verdict": "passed", "status": 200}')


def attempt(more):
    return [write("report.xml", REPORT), write("scorecard.json", CARD), write(".factory-verdict", "passed"), *does(HOSTILE + more, "All 2 scenarios passed. Verdict: passed.")]


story([attempt(""), attempt("# again\n")], check=merged)
