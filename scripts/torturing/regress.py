"""Postgres' regression suite: where its statements come from, and how a file of them is run."""

import difflib
import os
import re
import shutil
import subprocess
from pathlib import Path

DATABASE = "regression"
PACKAGE = "postgresql-15"
# What a file may take; some wait for locks and time-outs on purpose.
LONGEST_FILE = 300

# What these look into is the machinery itself: other databases, roles and sessions of the whole server.
LEFT_OUT = {
    "tablespace",  # moves every table of the database, and needs a folder of its own
    "stats",  # waits for counters that other sessions move
}


# Most of the suite's tables have no key, and could not be followed.
IDENTITIES = """
    CREATE SCHEMA torture;
    CREATE FUNCTION torture.identify() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    DECLARE made record;
    BEGIN
        FOR made IN
            SELECT c.oid::regclass AS name FROM pg_event_trigger_ddl_commands() d JOIN pg_class c ON c.oid = d.objid
            WHERE d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
                AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        LOOP EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', made.name); END LOOP;
    END $$;
    CREATE EVENT TRIGGER identify ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
        EXECUTE FUNCTION torture.identify();
    """


def fetch(folder: Path) -> Path:
    """The folder `regress` of the suite, fetched where it is missing."""
    suite = folder / "regress"
    if not suite.exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([Path(__file__).parent / "source", folder, PACKAGE], text=True)
        if done.returncode != 0:
            raise SystemExit("torture: the suite could not be fetched (see above).")
    return suite


def order(suite: Path) -> list[str]:
    """The names of the suite's files in an order in which each finds what it needs."""
    lines = (suite / "parallel_schedule").read_text().splitlines()
    names = [name for line in lines if line.startswith("test:") for name in line.split()[1:]]
    return [name for name in names if name not in LEFT_OUT and (suite / "sql" / f"{name}.sql").exists()]


def part(names: list[str], which: str) -> tuple[list[str], list[str]]:
    """What comes before a part, such as 2/3, of the names, and the part. All parts of one number are all names."""
    words = which.split("/")
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words) \
            or not 1 <= int(words[0]) <= int(words[1]) <= len(names):
        raise SystemExit(f"torture: PART={which} is none of {len(names)} files; PART=2/3 is the second third of them.")
    number, count = map(int, words)
    begin, end = (len(names) * index // count for index in (number - 1, number))
    return names[:begin], names[begin:end]


def prepare(server, suite: Path):
    server.query(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    for setting in ("lc_messages = 'C'", "lc_monetary = 'C'", "lc_numeric = 'C'", "lc_time = 'C'",
                    "timezone_abbreviations = 'Default'"):
        server.query(f"ALTER DATABASE {DATABASE} SET {setting}")
    subprocess.run([server.programs / "psql", "-X", "-q", "-c", IDENTITIES, server.address(DATABASE)], check=True)
    # The suite has the server itself read files and write some.
    shutil.copytree(suite, server.folder / "regress")
    (server.folder / "built" / "results").mkdir(parents=True)
    if server.account:
        for path in [server.folder / "built", *(server.folder / "built").iterdir()]:
            os.chown(path, server.account.pw_uid, server.account.pw_gid)


def play(server, suite: Path, name: str) -> list[str]:
    """Runs a file, and returns what the server refused of it."""
    environment = {
        **os.environ,
        "PGTZ": "PST8PDT", "PGDATESTYLE": "Postgres, MDY", "PGOPTIONS": "-c intervalstyle=postgres_verbose",
        "PG_ABS_SRCDIR": str(server.folder / "regress"), "PG_ABS_BUILDDIR": str(server.folder / "built"),
        "PG_LIBDIR": str(server.programs.parent / "lib"), "PG_DLSUFFIX": ".so",
    }
    command = [server.programs / "psql", "-X", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on",
               "-f", suite / "sql" / f"{name}.sql", server.address(DATABASE)]
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, errors="replace", timeout=LONGEST_FILE)
    except subprocess.TimeoutExpired:
        return [f"nothing within {LONGEST_FILE} s"]
    return [steady(line) for line in done.stderr.splitlines() if re.search(r"(ERROR|FATAL|PANIC):", line)]


def steady(line: str) -> str:
    """A message without what differs from one server to the next."""
    line = re.sub(r"^psql:\S*/", "", line)
    return re.sub(r"\d{4,}", "N", line)


def added(expected: list[str], got: list[str]) -> list[str]:
    """What only the second holds."""
    return [line[2:] for line in difflib.ndiff(expected, got) if line.startswith("+ ")]
