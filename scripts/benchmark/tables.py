"""Many small tables: what one costs to be copied, followed and verified, and whether a thousand more cost the same."""

import subprocess

from process import measure, wait_for_quiet

COUNTS = (1_000, 5_000)
METHODS = ("FULL_TABLE", "LOG_BASED", "TRIGGER_BASED")
ROWS = 5
CONFIGURATION = """\
connections:
  source: {{type: postgres, host: 127.0.0.1, port: {port}, user: postgres, database: {database}, sslmode: disable}}
  warehouse: {{type: duckdb, path: warehouse.duckdb}}
  mirror: {{type: postgres, host: 127.0.0.1, port: {port}, user: postgres, database: {database}_mirror, sslmode: disable}}
syncs:
  many: {{from: source, to: {destination}, method: {method}, auto_setup: true, tables: [public.*], into: copy}}
"""
MAKE = """
do $$ begin for i in 1..{count} loop
  execute format('create table t%s (id int primary key, name text, at timestamptz, amount numeric(10,2))', i);
  execute format('insert into t%s select g, ''row '' || g, now(), g from generate_series(1, {rows}) g', i);
  if i % 50 = 0 then commit; end if;
end loop; end $$;
vacuum analyze;
"""
CHANGE = """
do $$ begin for i in 1..{count} loop execute format('update t%s set amount = amount + 1 where id = 3', i);
  if i % 50 = 0 then commit; end if; end loop; end $$
"""


def compare(bench, counts):
    """By count, way and step: seconds of wall and processor time here and at the server, peak memory; bytes of file."""
    return {count: {way: run(bench, count, *way) for way in ways(count == counts[0])} for count in counts}


def ways(all_of_them):
    """Both destinations for the smaller count."""
    found = [(method, "warehouse") for method in METHODS]
    return found + [("LOG_BASED", "mirror")] if all_of_them else found


def run(bench, count, method, destination):
    server, database = bench.server, f"many_{method.lower()}_{destination}_{count}"
    for name in (database, f"{database}_mirror"):
        server.query(f"create database {name}")
    try:
        ask(server, database, MAKE.format(count=count, rows=ROWS))
        folder = bench.folder / database
        folder.mkdir()
        (folder / "tandem.yaml").write_text(CONFIGURATION.format(
            port=server.port, database=database, destination=destination, method=method))
        figures = {}

        def step(name, *arguments):
            wait_for_quiet(bench.patience)
            before = server.cpu()
            cost = measure([bench.tandem, *arguments], folder=folder)
            there = server.cpu() - before
            figures[name] = {"wall": cost.wall, "cpu": cost.cpu, "server": there, "rss": cost.rss, "load": cost.load}
            bench.say(f"{count} tables, {method} into {destination}, {name}: {cost.wall / count * 1000:.1f} ms a table "
                      f"({cost.cpu / count * 1000:.1f} of this program's processors, {there / count * 1000:.1f} of the "
                      f"server's), {cost.rss:.0f} MB, load {cost.load:.1f}")

        step("first copy", "run", "--quiet")
        ask(server, database, CHANGE.format(count=count))
        step("a change in each" if method != "FULL_TABLE" else "second copy", "run", "--quiet")
        step("nothing to do" if method != "FULL_TABLE" else "third copy", "run", "--quiet")
        step("verify", "verify", "many")
        file = folder / "warehouse.duckdb"
        figures["bytes"] = file.stat().st_size if file.exists() else None
        return figures
    finally:
        for slot in server.query(f"select slot_name from pg_replication_slots where database = '{database}'").split():
            server.query(f"select pg_drop_replication_slot('{slot}')")
        for name in (database, f"{database}_mirror"):
            server.query(f"drop database if exists {name} with (force)")


def ask(server, database, sql):
    command = [*server.psql()[:-1], f"{server.url.rsplit('/', 1)[0]}/{database}", "-c"]
    for part in sql.strip().split(";\nvacuum"):
        subprocess.run([*command, part if part.startswith("do") else "vacuum" + part], check=True,
                       stdout=subprocess.DEVNULL)
