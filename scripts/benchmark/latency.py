"""How long a commit takes until another process sees it in the DuckDB file, while `tandem run --follow` runs.

The reader needs the Python package `duckdb`; `changes.py` calls this file with
an interpreter that has it: latency.py FILE TABLE SECONDS. It opens the file
read-only over and over, as any program would, and prints one line per time
that it got in: the moment, and the largest id that was there.
"""

import sys
import time

import duckdb


def main(file, table, seconds):
    end = time.time() + float(seconds)
    while time.time() < end:
        try:
            with duckdb.connect(file, read_only=True) as connection:
                newest = connection.execute(f"select max(id) from {table}").fetchone()[0]
        except duckdb.IOException:  # a batch is being written
            time.sleep(0.001)
            continue
        print(f"{time.time()} {newest or 0}", flush=True)
        time.sleep(0.005)


main(*sys.argv[1:])
