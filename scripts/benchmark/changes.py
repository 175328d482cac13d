"""LOG_BASED: how fast changes arrive, beside who reads the same log and writes nothing, and beside native replication."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

from process import measure, start, wait, wait_for_quiet
from server import DATABASE

# Rows of the table before the changes, and the changes made: transactions of one row, of a hundred, and one of all.
WORKLOADS = {
    "t1": (300_000, 300_000),
    "t100": (700_000, 1_000_000),
    "big": (500_000, 500_000),
}
NAMES = {"t1": "transactions of 1", "t100": "transactions of 100", "big": "one transaction"}
FLOOR = "pg_recvlogical to /dev/null"
TANDEM = "tandem into DuckDB"
SQL = {
    "t1": "do $$ begin for i in 1..{third} loop "
          "update w set abalance = abalance + i where aid = i; commit; "
          "insert into w values (10000000 + i, 1, i, 'ins'); commit; "
          "delete from w where aid = {rows} - i + 1; commit; end loop; end $$",
    "t100": "do $$ begin for i in 1..{hundreds} loop "
            "update w set abalance = abalance + i where aid between (i-1)*34+1 and i*34; "
            "insert into w select 10000000 + i*33 + g, 1, g, 'ins' from generate_series(0, 32) g; "
            "delete from w where aid between {rows} - i*33 + 1 and {rows} - (i-1)*33; commit; end loop; end $$",
    "big": "update w set abalance = abalance + 7",
}
CONFIGURATION = """\
connections:
  source: {{type: postgres, host: 127.0.0.1, port: {port}, user: postgres, database: {database}, sslmode: disable}}
  warehouse: {{type: duckdb, path: warehouse.duckdb}}
  mirror: {{type: postgres, host: 127.0.0.1, port: {port}, user: postgres, database: mirror, sslmode: disable}}
syncs:
  stream:
    from: source
    to: {destination}
    method: LOG_BASED
    tables: [public.w]
    into: copy
"""


class Drain:
    """One workload, drained over and over from copies of the same slot."""

    def __init__(self, bench, workload, destination):
        self.server, self.tandem, self.workload, self.destination = bench.server, bench.tandem, workload, destination
        self.rows, self.changes = (int(count * bench.scale) for count in WORKLOADS[workload])
        self.folder = bench.folder / f"changes-{workload}-{destination}"
        self.folder.mkdir()
        (self.folder / "tandem.yaml").write_text(
            CONFIGURATION.format(port=self.server.port, database=DATABASE, destination=destination))

    def prepare(self):
        """Copies the table, keeps the slot and the file as they are then, and makes the changes."""
        sql = self.server.query
        sql("create table w (aid int primary key, bid int, abalance int, filler char(84))")
        sql(f"insert into w select g, 1 + (g - 1) / 100000, 0, '' from generate_series(1, {self.rows}) g")
        self.run()
        self.slot = sql("select slot_name from pg_replication_slots")
        self.publication = sql("select pubname from pg_publication order by pubname limit 1")
        sql(f"select pg_copy_logical_replication_slot('{self.slot}', 'kept')")
        if self.destination == "warehouse":
            shutil.copy(self.folder / "warehouse.duckdb", self.folder / "kept.duckdb")
        statement = SQL[self.workload].format(
            rows=self.rows, third=self.changes // 3, hundreds=max(1, self.rows // 70))
        subprocess.run(self.server.psql("-c", "set synchronous_commit = off", "-c", statement), check=True,
                       stdout=subprocess.DEVNULL)
        sql("checkpoint")
        self.end = sql("select pg_current_wal_insert_lsn()")

    def remove(self):
        """Leaves nothing at the server."""
        for name in self.server.query("select slot_name from pg_replication_slots").split():
            self.server.query(f"select pg_drop_replication_slot('{name}')")
        for name in self.server.query("select pubname from pg_publication").split():
            self.server.query(f"drop publication {name}")
        self.server.query("drop table w")

    def run(self):
        return measure([self.tandem, "run", "--quiet"], folder=self.folder)

    def floor(self):
        """`pg_recvlogical` with the same plugin, into /dev/null."""
        self.server.query("select pg_copy_logical_replication_slot('kept', 'floor')")
        try:
            return measure([
                self.server.programs / "pg_recvlogical", "-d", self.server.url, "--slot", "floor", "--start",
                "--endpos", self.end, "--no-loop", "--file", "/dev/null",
                "-o", "proto_version=1", "-o", f"publication_names={self.publication}"])
        finally:
            self.server.query("select pg_drop_replication_slot('floor')")

    def drain(self):
        """Tandem, from where the table was copied."""
        self.server.query(f"select pg_drop_replication_slot('{self.slot}')")
        self.server.query(f"select pg_copy_logical_replication_slot('kept', '{self.slot}')")
        shutil.copy(self.folder / "kept.duckdb", self.folder / "warehouse.duckdb")
        (self.folder / "warehouse.duckdb.wal").unlink(missing_ok=True)
        return self.run()

    def verify(self):
        subprocess.run([self.tandem, "verify", "stream"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)


def compare(bench, workload):
    """Medians after a warm-up: the floor, and Tandem into DuckDB."""
    drain = Drain(bench, workload, "warehouse")
    drain.prepare()
    runs = {FLOOR: [], TANDEM: []}
    for number in range(bench.rounds + 1):
        floor = None
        for name, action in ((FLOOR, drain.floor), (TANDEM, drain.drain)):
            wait_for_quiet(bench.patience)
            cost = action()
            floor = floor or cost.wall
            bench.say(f"{workload}, {f'round {number}' if number else 'warm-up'}: {name}: {cost.wall:.2f} s, "
                      f"{cost.wall / floor:.2f} ×, {cost.cpu:.1f} CPU s, {cost.rss:.0f} MB")
            if number > 0:
                runs[name].append({**asdict(cost), "ratio": cost.wall / floor})
        if number == 1:
            drain.verify()
    drain.remove()
    return {"changes": drain.changes, "runs": runs,
            "contenders": {name: summarize(drain.changes, each) for name, each in runs.items()}}


def into_postgres(bench, workload):
    """The same changes into another database of the server: Tandem's apply, then native replication's."""
    drain = Drain(bench, workload, "mirror")
    bench.server.query("drop database if exists mirror")
    bench.server.query("create database mirror")
    drain.prepare()
    wait_for_quiet(bench.patience)
    cost = drain.run()
    drain.verify()
    bench.say(f"{workload}: tandem into Postgres: {cost.wall:.2f} s, {cost.cpu:.1f} CPU s, {cost.rss:.0f} MB")
    mirror = bench.server.url.rsplit("/", 1)[0] + "/mirror"
    wall = subscription(bench.server, drain, mirror, bench.patience)
    bench.say(f"{workload}: native logical replication: {wall:.2f} s")
    drain.remove()
    return {"changes": drain.changes, "tandem": asdict(cost), "native": wall}


def subscription(server, drain, mirror, patience):
    """Seconds until a subscription has applied the changes to a table as it was before them."""
    def there(sql):
        command = [*server.psql()[:-1], mirror, "--no-align", "--tuples-only", "-c", sql]
        return subprocess.check_output(command, text=True).strip()

    there("create table w (aid int primary key, bid int, abalance int, filler char(84))")
    there(f"insert into w select g, 1 + (g - 1) / 100000, 0, '' from generate_series(1, {drain.rows}) g")
    server.query("select pg_copy_logical_replication_slot('kept', 'native', false, 'pgoutput')")
    there(f"create subscription native connection '{server.url}' publication {drain.publication} "
          "with (create_slot = false, slot_name = 'native', copy_data = false, enabled = false)")
    try:
        wait_for_quiet(patience)
        begin = time.perf_counter()
        there("alter subscription native enable")
        passed = f"select confirmed_flush_lsn >= '{drain.end}' from pg_replication_slots where slot_name = 'native'"
        while server.query(passed) != "t":
            time.sleep(0.02)
        return time.perf_counter() - begin
    finally:
        there("alter subscription native disable")
        there("alter subscription native set (slot_name = none)")
        there("drop subscription native")


def latency(bench, python, seconds=30, rate=1000):
    """Seconds from a commit until another process sees it, for each row of `rate` single-row commits a second."""
    bench.server.query("create table l (id int primary key, at float8, filler text)")
    folder = bench.folder / "latency"
    folder.mkdir()
    (folder / "tandem.yaml").write_text(CONFIGURATION.format(
        port=bench.server.port, database=DATABASE, destination="warehouse").replace("public.w", "public.l"))
    measure([bench.tandem, "run", "--quiet"], folder=folder)
    # A hundred times a second, as many commits as are due; each row notes when it was committed. They are synchronous:
    # what is not on the disk yet, which may last 200 ms, the server does not send.
    writer = ("do $$ declare i int := 0; start float8 := extract(epoch from clock_timestamp()); "
              f"begin while i < {seconds * rate} loop "
              f"while i < {rate} * (extract(epoch from clock_timestamp()) - start) loop i := i + 1; "
              "insert into l values (i, extract(epoch from clock_timestamp()), 'some text'); commit; end loop; "
              "perform pg_sleep(0.01); end loop; end $$")
    follow = start([bench.tandem, "run", "--follow", "--quiet"], folder, None)
    try:
        write = start(bench.server.psql("-c", writer), folder, None)
        reader = subprocess.run(
            [python, Path(__file__).with_name("latency.py"), folder / "warehouse.duckdb", "copy.l", str(seconds + 10)],
            stdout=subprocess.PIPE, text=True, check=True)
        wait(write)
    finally:
        follow.send_signal(signal.SIGINT)
        usage = os.wait4(follow.pid, 0)[2]
    committed = [float(at) for at in bench.server.query("select at from l order by id").split()]
    seen, waits = 0, []
    for line in reader.stdout.splitlines():
        moment, newest = line.split()
        waits += [float(moment) - at for at in committed[seen:int(newest)]]
        seen = max(seen, int(newest))
    if seen < len(committed):
        raise RuntimeError(f"only {seen} of {len(committed)} rows were seen")
    waits.sort()
    figures = {f"p{share}": waits[len(waits) * share // 100] for share in (50, 90, 99)}
    figures |= {"longest": waits[-1], "rows": len(waits), "rate": len(waits) / (committed[-1] - committed[0]),
                "looks": len(reader.stdout.splitlines()), "rss": usage.ru_maxrss * 1024 / 1e6,
                "cpu": usage.ru_utime + usage.ru_stime}
    bench.say(f"latency: {figures}")
    for name in bench.server.query("select slot_name from pg_replication_slots").split():
        bench.server.query(f"select pg_drop_replication_slot('{name}')")
    return figures


def latency_into_postgres(bench, seconds=20, rate=100):
    """Seconds from a commit until the commit that brings it to another database, by Tandem and by native replication.

    Both databases are of one server, which keeps the time of each commit. Native replication brings that along, so that
    its rows note themselves when they were written, which is a little earlier.
    """
    server = bench.server
    mirror = server.url.rsplit("/", 1)[0] + "/latency_mirror"

    def there(sql):
        command = [*server.psql()[:-1], mirror, "--no-align", "--tuples-only", "-c", sql]
        return subprocess.check_output(command, text=True).strip()

    server.query("create database latency_mirror")
    server.query("create table lp (id serial primary key, at float8, filler text)")
    folder = bench.folder / "latency-postgres"
    folder.mkdir()
    (folder / "tandem.yaml").write_text(CONFIGURATION.format(
        port=server.port, database=DATABASE, destination="mirror").replace("public.w", "public.lp").replace(
            "database: mirror", "database: latency_mirror"))
    measure([bench.tandem, "run", "--quiet"], folder=folder)
    script = folder / "insert.sql"
    script.write_text("insert into lp (at, filler) values (0, 'some text')\n")

    def write():
        wait_for_quiet(bench.patience)
        subprocess.run([server.programs / "pgbench", "-n", "-c", "1", "-R", str(rate), "-T", str(seconds), "-f", script,
                        server.url], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def waits(table, first, time_there="extract(epoch from pg_xact_commit_timestamp(xmin))"):
        question = "select id, {} from {} where id > " + f"{first} order by id"
        here = question.format("extract(epoch from pg_xact_commit_timestamp(xmin))", "lp")
        committed = dict(line.split("|") for line in server.query(here).splitlines())
        end = time.monotonic() + 30
        while True:
            come = dict(line.split("|") for line in there(question.format(time_there, table)).splitlines())
            if len(come) == len(committed):
                return sorted(float(come[key]) - float(committed[key]) for key in committed)
            if time.monotonic() > end:
                raise RuntimeError(f"only {len(come)} of {len(committed)} rows came")
            time.sleep(0.1)

    def figures(list_):
        return {f"p{share}": list_[len(list_) * share // 100] for share in (50, 90, 99)} | {
            "longest": list_[-1], "rows": len(list_)}

    follow = start([bench.tandem, "run", "--follow", "--quiet"], folder, None)
    try:
        write()
        tandem = figures(waits("copy.lp", 0))
    finally:
        follow.send_signal(signal.SIGINT)
        usage = os.wait4(follow.pid, 0)[2]
    tandem["cpu"] = usage.ru_utime + usage.ru_stime
    first = int(server.query("select max(id) from lp"))
    server.query("create publication latency for table lp")
    server.query("select pg_create_logical_replication_slot('latency', 'pgoutput')")
    there("create table lp (id int primary key, at float8, filler text, "
          "come float8 default extract(epoch from clock_timestamp()))")
    there(f"create subscription latency connection '{server.url}' publication latency "
          "with (create_slot = false, slot_name = 'latency', copy_data = false)")
    try:
        write()
        native = figures(waits("public.lp", first, "come"))
    finally:
        there("alter subscription latency disable")
        there("alter subscription latency set (slot_name = none)")
        there("drop subscription latency")
    for name in server.query("select slot_name from pg_replication_slots where not active").split():
        server.query(f"select pg_drop_replication_slot('{name}')")
    bench.say(f"latency into Postgres: tandem {tandem}, native {native}")
    return {"tandem": tandem, "native": native}


def summarize(changes, runs):
    wall = median(run["wall"] for run in runs)
    return {
        "wall": wall, "changes_per_second": changes / wall, "ratio": median(run["ratio"] for run in runs),
        "cpu": median(run["cpu"] for run in runs), "rss": max(run["rss"] for run in runs), "rounds": len(runs)}
