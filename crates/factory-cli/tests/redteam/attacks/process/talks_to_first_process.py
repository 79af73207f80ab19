# does: forges what the sandbox's first process says of how it ended, on the descriptors that it has open
# stopped by: they are closed for the command, and the first process is not dumpable (A); no `/proc` (B)
# profiles: A B
# off: not shown: without a sandbox there is no such process
# check: its end was believed to be another than it was
import os
from kit import parts, tries

WORDS = [b'{"ended":{"exited":0}}\n', b'"started"\n', b'{"run":{"program":"/bin/sh","args":[],"environment":[],"cwd":"/"}}']


def attack():
    for number in (3, 4, 5, 6, 7):
        for word in WORDS:
            def own():
                os.write(number, word)

            def others(pid):
                with open(f"/proc/{pid}/fd/{number}", "wb", 0) as file:
                    file.write(word)
            tries(own, lambda: others(1), lambda: others(os.getppid()))
    os._exit(7)


def check():
    if os.environ["END"] != "exit status 7":
        print(os.environ["CANARY"])


parts(attack, check=check)
