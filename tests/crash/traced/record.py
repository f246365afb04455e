"""What ``trace.json`` beside this file was recorded from: a tiny store, and answers to a client.

Run with: a new folder. Wants strace. Two threads, so that calls come between others' halves; pages
of 512 bytes, so that the recorded text is short.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from leadfit.testing.crash.trace import CALLS

PLACE = Path(__file__).with_name("trace.json")
ROWS = 6


def serve(store: Path) -> None:
    """Store what comes and answer it, as a server whose writer is a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    connection = sqlite3.connect(store, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    busy, stop = threading.Event(), threading.Event()

    def talk() -> None:
        while not stop.is_set():
            os.write(sink, b".")
            busy.set()

    sink = os.open(os.devnull, os.O_WRONLY)
    client = socket.create_connection(listening.getsockname())
    talked, _ = listening.accept()
    (store.parent / "port").write_text(str(client.getsockname()[1]), "ascii")
    other = threading.Thread(target=talk)
    for number in range(ROWS):
        connection.execute("INSERT INTO kept VALUES (?)", (f"signal_{number:04}",))
        if number == ROWS // 2:
            other.start()
            busy.wait()
            connection.execute("INSERT INTO kept VALUES ('between')")
            stop.set()
            other.join()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        talked.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path) -> None:
    folder.mkdir()
    store = folder.resolve() / "store.sqlite3"
    connection = sqlite3.connect(store)
    connection.executescript(
        "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; CREATE TABLE kept (mark TEXT)"
    )
    connection.close()
    before = base64.b64encode(store.read_bytes()).decode()
    lines = folder / "trace.txt"
    command = ["strace", "-f", "-yy", "-xx", "-s", "100000", "-e", f"trace={','.join(CALLS)}"]
    subprocess.run(
        [*command, "-e", "signal=none", "-o", str(lines), sys.executable, __file__, str(store)],
        check=False,
    )
    kept = [line for line in lines.read_text("ascii").splitlines() if _is_wanted(line)]
    port = int((folder / "port").read_text("ascii"))
    document = {"store": str(store), "port": port, "before": before, "lines": kept}
    PLACE.write_text(json.dumps(document, indent=0) + "\n", "utf-8")


def _is_wanted(line: str) -> bool:
    """Leave out what a trace has a great many of: the index in memory, and most dots."""
    shm = "".join(f"\\x{each:02x}" for each in b"-shm")
    return shm not in line and not (line.endswith("= 1") and "write(" in line)


if __name__ == "__main__":
    given = Path(sys.argv[1])
    if given.name == "store.sqlite3":
        serve(given)
    else:
        main(given)
