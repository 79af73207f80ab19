#!/usr/bin/env python3
"""A command to be judged: notes in a SQLite database in the current folder."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

command, *rest = sys.argv[1:]
path = os.environ.get("NOTES", "notes.db")


def database():
    opened = sqlite3.connect(path, isolation_level=None)
    opened.execute("pragma journal_mode = wal")
    opened.execute("create table if not exists notes (id integer primary key, text text not null)")
    return opened


if command == "add":
    notes = sys.stdin.read().splitlines() if rest == ["-"] else rest
    if not notes:
        sys.exit("notes: nothing to add")
    with database() as opened:
        opened.executemany("insert into notes (text) values (?)", [(note,) for note in notes])
    print("added", len(notes))
elif command == "list":
    for row in database().execute("select id, text from notes order by id"):
        print(*row)
elif command == "now":
    offset = os.environ.get("OFFSET")
    print(int(time.time() + (float(open(offset).read() or 0) if offset else 0)))
elif command == "kill-all":
    os.kill(-1, signal.SIGKILL)
elif command == "sleep":
    time.sleep(1000)
elif command == "print":
    while True:
        print("x" * 1000)
elif command == "fill":
    with open("full", "wb") as file:
        while True:
            file.write(b"x" * 1000000)
            file.flush()
            time.sleep(0.02)
elif command == "daemon":
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
elif command == "link":
    os.symlink("/etc/passwd", path)
elif command == "hold":
    # A writer that was killed in the middle of a transaction leaves a journal behind.
    opened = sqlite3.connect(path, isolation_level=None)
    opened.execute("pragma journal_mode = delete")
    opened.execute("create table if not exists big (x)")
    opened.execute("pragma cache_size = 1")
    opened.execute("begin immediate")
    opened.executemany("insert into big values (?)", [("x" * 4000,) for _ in range(200)])
    os.kill(os.getpid(), signal.SIGKILL)
elif command == "lock":
    os.mkdir("locked")
    with open("locked/secret", "w") as file:
        file.write("nothing")
    os.chmod("locked", 0)
elif command == "deep":
    for _ in range(200):
        os.mkdir("d")
        os.chdir("d")
else:
    sys.exit(f"notes: there is no {command}")
