"""A Postgres of the benchmark's own: new, on loopback, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

DATABASE = USER = "postgres"


class Server:
    """Runs while the `with` block does. Its folder is removed with it."""

    def __init__(self, programs: Path, settings=None):
        """`settings` are added to those that every server here has, or take their place."""
        self.programs = programs
        self.settings = settings or {}
        self.account = unprivileged_account()

    def __enter__(self):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="tandem-bench-postgres-"))
        try:
            if self.account:
                os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
            self.run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8",
                     "--no-sync", "-D", self.folder / "data")
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_):
        self.run("pg_ctl", "stop", "--mode=immediate", "-D", self.folder / "data")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "shared_buffers": f"{min(2048, memory_mb() // 4)}MB",
            "max_wal_size": "16GB",
            "checkpoint_timeout": "1h",
            # Nothing but what is measured shall run while it is measured.
            "autovacuum": "off",
            "fsync": "off",
            "wal_level": "logical",
            # When each row came to where it is.
            "track_commit_timestamp": "on",
            # A publication of thousands of tables is made in one transaction.
            "max_locks_per_transaction": "256",
            **self.settings,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run("pg_ctl", "start", "--wait", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options)

    def run(self, program, *arguments):
        """Runs one of Postgres' programs, as somebody else where we are root: Postgres refuses root."""
        account = self.account
        identity = dict(user=account.pw_uid, group=account.pw_gid, extra_groups=[]) if account else {}
        done = subprocess.run([self.programs / program, *arguments], cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **identity)
        if done.returncode != 0:
            log = self.folder / "log"
            raise RuntimeError(f"{program} failed:\n{done.stdout}{log.read_text() if log.exists() else ''}")

    @property
    def url(self):
        return self.address(DATABASE)

    def address(self, database):
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def cpu(self):
        """Seconds of processor time that its processes have used, those that are gone included."""
        head = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        used = 0
        for place in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = place.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if head in (int(place.parent.name), int(words[1])):
                used += sum(int(word) for word in words[11:15])
        return used / os.sysconf("SC_CLK_TCK")

    def psql(self, *arguments):
        return [str(self.programs / "psql"), "--no-psqlrc", "--quiet", self.url, *map(str, arguments)]

    def query(self, sql):
        return subprocess.check_output(self.psql("--no-align", "--tuples-only", "-c", sql), text=True).strip()


def unprivileged_account():
    """Whom to run Postgres as; None where we are not root and run it ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_mb():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
