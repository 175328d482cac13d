"""What a process cost: wall time, processor time, peak memory."""

import os
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Cost:
    wall: float  # seconds
    cpu: float  # seconds, user and system, children included
    rss: float  # MB at the peak, of the largest single process
    load: float  # the machine's load average over the minute before the end


class Failed(Exception):
    """A program that was to be measured ended badly. Carries what it said."""


def measure(*commands, folder=None, environment=None):
    """Runs the commands at the same time and waits for all of them.

    A process starts as a copy of this one, so no peak below this script's own
    (about 20 MB) can be seen.
    """
    begin = time.perf_counter()
    processes = [start(command, folder, environment) for command in commands]
    used = [wait(process) for process in processes]
    return Cost(
        wall=time.perf_counter() - begin,
        cpu=sum(usage.ru_utime + usage.ru_stime for usage in used),
        rss=max(usage.ru_maxrss for usage in used) * 1024 / 1e6,
        load=os.getloadavg()[0],
    )


def start(command, folder, environment):
    # Standard error goes to a file: a full pipe would stop the program.
    log = os.memfd_create("stderr")
    process = subprocess.Popen([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **(environment or {})})
    process.log = log
    return process


def wait(process):
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(process.log, "rb") as log:
        log.seek(0)
        said = log.read().decode(errors="replace")
    if process.returncode != 0:
        raise Failed(f"{process.args[0]} ended with status {process.returncode}:\n{said[-2000:]}")
    return usage


def wait_for_quiet(limit):
    """Waits until other programs leave the processors alone, at most `limit` seconds."""
    end = time.monotonic() + limit
    before = processor_times()
    while time.monotonic() < end:
        time.sleep(0.3)
        now = processor_times()
        busy, total = now[0] - before[0], now[1] - before[1]
        if busy <= total * 0.1:
            return
        before = now


def processor_times():
    """Time that all processors were busy since the machine started, and all time there was."""
    with open("/proc/stat") as stat:
        times = [int(word) for word in stat.readline().split()[1:9]]
    idle = times[3] + times[4]
    return sum(times) - idle, sum(times)
