"""TRIGGER_BASED: what a statement of the application costs with the triggers, beside none and beside logical decoding.

pgbench's update, prepared, of one row in each transaction and of a thousand in
each statement. What counts is the processor time of the server's process that
runs them: that is what the application waits for, and other programs disturb it
least.
"""

import subprocess
import time
from pathlib import Path
from statistics import median

from process import wait_for_quiet
from server import DATABASE

# Statements of a run, and rows of each.
WORKLOADS = {"one row": (20_000, 1), "1,000 rows": (300, 1_000)}
WAYS = ["nothing", "triggers", "a drained slot"]
ROWS = 500_000
STATEMENT = "\\set aid random(1, {last})\nupdate pgbench_accounts set abalance = abalance + 1 where aid {rows};\n"
CONFIGURATION = """\
connections:
  source: {{type: postgres, host: 127.0.0.1, port: {port}, user: postgres, database: {database}, sslmode: disable}}
  warehouse: {{type: duckdb, path: warehouse.duckdb}}
syncs:
  accounts: {{from: source, to: warehouse, method: TRIGGER_BASED, tables: [public.pgbench_accounts]}}
"""


def compare(bench):
    """Microseconds of processor time for each statement, or row of it, by workload and way: medians of the rounds."""
    server = bench.server
    folder = Path(bench.folder) / "triggers"
    folder.mkdir()
    folder.joinpath("tandem.yaml").write_text(CONFIGURATION.format(port=server.port, database=DATABASE))
    server.run("pgbench", "-i", "-q", "-s", str(ROWS // 100_000), server.url)
    times = {workload: {way: [] for way in WAYS} for workload in WORKLOADS}
    for number in range(bench.rounds + 1):
        for way in WAYS:
            with Way(bench, folder, way):
                for workload, (statements, rows) in WORKLOADS.items():
                    server.query("vacuum pgbench_accounts")
                    server.query("checkpoint")
                    wait_for_quiet(bench.patience)
                    cost = run(server, folder, statements, rows)
                    bench.say(f"{way}, {workload}, {number}: {cost:.2f} µs")
                    if number > 0:
                        times[workload][way].append(cost)
    return {workload: {way: median(list_) for way, list_ in ways.items()} for workload, ways in times.items()}


class Way:
    """What happens beside the statements, while the `with` block runs."""

    def __init__(self, bench, folder, name):
        self.bench, self.folder, self.name = bench, folder, name
        self.reader = None

    def __enter__(self):
        server = self.bench.server
        if self.name == "triggers":
            self.tandem("setup", "source", "--method", "TRIGGER_BASED", "--apply")
        elif self.name == "a drained slot":
            server.query("create publication bench for table pgbench_accounts")
            server.query("select pg_create_logical_replication_slot('bench', 'pgoutput')")
            self.reader = subprocess.Popen(
                [server.programs / "pg_recvlogical", "-d", server.url, "--slot=bench", "--start", "-f", "/dev/null",
                 "-o", "proto_version=1", "-o", "publication_names=bench"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        server = self.bench.server
        if self.name == "triggers":
            self.tandem("teardown", "source")
        elif self.reader:
            self.reader.kill()
            self.reader.wait()
            while server.query("select active from pg_replication_slots where slot_name = 'bench'") == "t":
                time.sleep(0.1)
            server.query("select pg_drop_replication_slot('bench')")
            server.query("drop publication bench")

    def tandem(self, *arguments):
        done = subprocess.run([self.bench.tandem, *arguments], cwd=self.folder, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"tandem {arguments[0]} failed:\n{done.stderr}")


def run(server, folder, statements, rows):
    script = folder / "statement.sql"
    which = "= :aid" if rows == 1 else f"between :aid and :aid + {rows - 1}"
    script.write_text(STATEMENT.format(last=ROWS - rows + 1, rows=which))
    pgbench = subprocess.Popen(
        [server.programs / "pgbench", "-n", "-M", "prepared", "-t", str(statements), "-f", script, server.url],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # pgbench looks around with a connection of its own first, so that process may not be the one.
    process, used = None, {}
    while pgbench.poll() is None:
        if process is None:
            process = server.query("select max(pid) from pg_stat_activity where application_name = 'pgbench'") or None
            continue
        try:
            # Its nanoseconds on a processor so far; the last look counts.
            used[process] = int(Path(f"/proc/{process}/schedstat").read_text().split()[0])
        except (OSError, IndexError):
            process = None
        time.sleep(0.002)
    if pgbench.returncode != 0:
        raise RuntimeError(f"pgbench failed:\n{pgbench.stderr.read()}")
    return max(used.values()) / 1000 / statements / rows
