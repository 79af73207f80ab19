# does: a candidate writes without end, to fill the disk or the memory of whoever reads it
# stopped by: what is beyond the limit is dropped
# profiles: A B
# off: not shown: the keeper drops it in every mode
# role: candidate
# check: the log is longer than it may be
import os
import sys
from kit import parts


def attack():
    for _ in range(256):
        sys.stderr.write("x" * 65536)


def check():
    log = os.path.join(os.path.dirname(os.path.dirname(os.environ["OTHER"])), "service.log")
    if os.path.getsize(log) > 256 * 1024:
        print(os.environ["CANARY"])


parts(attack, check=check, candidate=True)
