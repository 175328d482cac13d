"""What is measured on a table: the limit, Tandem, and what a user would take instead."""

import json
import shutil
import subprocess
from pathlib import Path

from process import measure
from server import DATABASE

# The same words in Postgres and DuckDB, and the same answer where a copy is right.
CHECKSUMS = {
    "narrow": "select count(*), sum(aid), sum(bid), sum(abalance), min(aid), max(aid) from {}",
    "wide": "select count(*), sum(id), sum(qty), cast(sum(amount) as decimal(38,4)), sum(length(descr)), "
            "count(*) filter (where active), count(digest), count(attrs), max(due) from {}",
}


class Wrong(Exception):
    """A copy that does not hold what its source holds."""


class Contender:
    """One way to copy a table."""

    name = ""
    rounds = None  # None: as many as asked for; 1: once, without a warm-up

    def __init__(self, bench):
        self.server = bench.server
        self.folder = bench.folder

    def run(self, table):
        """Copies `table` and returns what that cost, and the size of the file it made."""
        raise NotImplementedError

    def check(self, table):
        """Raises Wrong unless the copy is right."""

    def compare(self, table, answer):
        expected = self.server.query(CHECKSUMS[table].format(table)).split("|")
        if answer != expected:
            raise Wrong(f"{self.name}: {table} holds {answer}, its source {expected}")


class Limit(Contender):
    name = "COPY to /dev/null, one stream"

    def run(self, table):
        return measure(self.server.psql("-c", f"copy {table} to stdout (format binary)")), None


class TwoStreams(Contender):
    name = "COPY to /dev/null, two halves"

    def run(self, table):
        pages = int(self.server.query(f"select relpages from pg_class where oid = '{table}'::regclass"))
        middle = f"'({pages // 2},0)'"
        halves = [f"ctid < {middle}", f"ctid >= {middle}"]
        return measure(*(
            self.server.psql("-c", f"copy (select * from {table} where {half}) to stdout (format binary)")
            for half in halves)), None


class Tandem(Contender):
    name = "tandem, first copy"
    keeps_copy = False

    def __init__(self, bench):
        super().__init__(bench)
        self.program = bench.tandem

    def project(self, table, database=DATABASE):
        """A folder with a configuration that syncs `table`; `*` stands for all tables."""
        folder = self.folder / f"tandem-{database}-{table}-{'again' if self.keeps_copy else 'first'}"
        folder.mkdir(exist_ok=True)
        (folder / "tandem.yaml").write_text(CONFIGURATION.format(
            port=self.server.port, database=database, tables=json.dumps(f"public.{table}")))
        return folder

    def run(self, table, database=DATABASE):
        folder = self.project(table, database)
        if not self.keeps_copy:
            (folder / "warehouse.duckdb").unlink(missing_ok=True)
            shutil.rmtree(folder / ".tandem", ignore_errors=True)
        cost = measure([self.program, "run"], folder=folder)
        return cost, (folder / "warehouse.duckdb").stat().st_size

    def check(self, table):
        folder = self.project(table)
        sql = CHECKSUMS[table].format(table)
        answer = self.call(folder, "query", "warehouse", sql, "--csv").splitlines()
        self.compare(table, answer[-1].split(","))

    def verify(self, table):
        self.call(self.project(table), "verify", "copy")

    def call(self, folder, *arguments):
        return subprocess.run([self.program, *arguments], cwd=folder, check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()


class TandemAgain(Tandem):
    name = "tandem, replacing a copy"
    keeps_copy = True


CONFIGURATION = """\
connections:
  source:
    type: postgres
    host: 127.0.0.1
    port: {port}
    user: postgres
    database: {database}
    sslmode: disable
  warehouse:
    type: duckdb
    path: warehouse.duckdb
syncs:
  copy:
    from: source
    to: warehouse
    method: FULL_TABLE
    tables: [{tables}]
    into: main
"""


class Scanner(Contender):
    name = "DuckDB's postgres scanner"
    peer = "scanner"

    def __init__(self, bench):
        super().__init__(bench)
        self.shell = bench.peer(self.peer) / "duckdb"
        self.extension = self.shell.parent / "postgres_scanner.duckdb_extension"

    def file(self, table):
        return self.folder / f"scanner-{table}.duckdb"

    def run(self, table):
        self.file(table).unlink(missing_ok=True)
        statement = (f"LOAD '{self.extension}'; ATTACH '{self.server.url}' AS pg (TYPE postgres, READ_ONLY); "
                     f"CREATE TABLE {table} AS FROM pg.public.{table}")
        cost = measure([self.shell, self.file(table), "-c", statement])
        return cost, self.file(table).stat().st_size

    def check(self, table):
        command = [self.shell, "-readonly", "-list", "-noheader", self.file(table), CHECKSUMS[table].format(table)]
        self.compare(table, subprocess.check_output(command, text=True).strip().split("|"))


class Dlt(Contender):
    name = "dlt with connectorx"
    peer = "dlt"
    rounds = 1

    def __init__(self, bench):
        super().__init__(bench)
        self.python = bench.peer(self.peer) / "bin" / "python"

    def file(self, table):
        return self.folder / f"dlt-{table}.duckdb"

    def run(self, table):
        script = Path(__file__).with_name("dlt_copy.py")
        url = self.server.url.replace("postgresql://postgres@", "postgresql://postgres:none@")
        cost = measure([self.python, script, url, table, self.file(table)], folder=self.folder,
                       environment={"RUNTIME__DLTHUB_TELEMETRY": "false"})
        return cost, self.file(table).stat().st_size

    def check(self, table):
        code = ("import duckdb, sys; "
                "print(*duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchone(), sep='|')")
        command = [self.python, "-c", code, self.file(table), CHECKSUMS[table].format(table)]
        self.compare(table, subprocess.check_output(command, text=True).strip().split("|"))


ALL = [Limit, TwoStreams, Tandem, TandemAgain, Scanner, Dlt]
