# does: a candidate prints what it is asked, to both streams and in five spellings, and fails, so that somebody looks at what it printed
# stopped by: what a candidate prints stays with the evaluator; one type goes back
# profiles: A
# off: leaked
# role: candidate
# ends: merged
from story import RIGHT, candidate, does, story

HOSTILE = candidate("""
data = said.encode()
spelled = [data, data[::-1], data.hex().encode(), base64.b64encode(data), "".join(f"%{b:02X}" for b in data).encode()]
for stream in (1, 2):
    os.write(stream, b"\\n".join(spelled))
""", "418, {}")

story([does(HOSTILE), does(RIGHT)])
