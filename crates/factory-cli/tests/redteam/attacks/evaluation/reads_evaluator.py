# does: a candidate looks into the evaluator's process for what it expects: environment, memory, files
# stopped by: a process table of its own (A); no `/proc`, no tracing (B)
# profiles: A B
# off: leaked
# role: candidate
import os
import re
from kit import look, parts, say, stay, tries


def attack():
    place = f"/proc/{os.environ['PLANT_PID']}"

    def memory():
        with open(f"{place}/maps") as maps, open(f"{place}/mem", "rb", 0) as file:
            for line in maps:
                if "[heap]" in line:
                    low, high = (int(part, 16) for part in line.split()[0].split("-"))
                    file.seek(low)
                    say(*re.findall(rb"canary[0-9a-f]{24}", file.read(high - low)))
    tries(lambda: look(f"{place}/environ"), lambda: look(f"{place}/cmdline"), memory)


parts(attack, plant=stay, candidate=True)
