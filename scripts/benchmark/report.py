"""The figures, as Markdown for people and as numbers for programs."""

import platform
from statistics import median

import changes

TARGETS = {"narrow": 0.75, "wide": 0.90}
RSS_TARGET = 300  # MB
HELP_TARGET = 0.050  # seconds
EMPTY_TARGET = 5.0  # seconds
DRAIN_TARGET = 0.75  # × pg_recvlogical
LATENCY_TARGETS = {"p50": 0.1, "p99": 0.5}  # seconds
POSTGRES_LATENCY_TARGETS = {"p50": 0.005, "p99": 0.025}  # seconds
TABLE_TARGET = 0.010  # seconds
LINEAR_TARGET = 1.5  # × what a table costs among a fifth as many
TABLE_BYTES_TARGET = 150_000
TABLES_RSS_TARGET = 500  # MB, of however many
FLAT_TARGET = 1.25  # × what a tenth of it takes, and this many MB:
FLAT_MARGIN = 40


def summarize(rows, runs):
    """Medians over the measured rounds of one contender."""
    wall = median(run["wall"] for run in runs)
    return {
        "wall": wall,
        "rows_per_second": rows / wall,
        "ratio": median(run["ratio"] for run in runs),
        "cpu": median(run["cpu"] for run in runs),
        "rss": max(run["rss"] for run in runs),
        "bytes": runs[-1]["bytes"],
        "load": median(run["load"] for run in runs),
        "rounds": len(runs),
    }


def table(name, rows, summaries, skipped):
    lines = [
        f"## {name}: {rows:,} rows", "",
        "| | rounds | wall s | rows/s | × one stream | CPU s | peak MB | file MB | load |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for contender, figures in summaries.items():
        size = f"{figures['bytes'] / 1e6:.0f}" if figures["bytes"] else ""
        lines.append(
            f"| {contender} | {figures['rounds']} | {figures['wall']:.2f} | {figures['rows_per_second']:,.0f} "
            f"| {figures['ratio']:.2f} | {figures['cpu']:.1f} | {figures['rss']:.0f} | {size} "
            f"| {figures['load']:.1f} |")
    lines += [f"| {contender} | skipped: {reason} |" for contender, reason in skipped.items()]
    return "\n".join(lines) + "\n"


def targets(results):
    """Each target with what was measured: name, limit, figure, whether it was met."""
    found = []
    for name, limit in TARGETS.items():
        figures = results["tables"].get(name, {}).get("contenders", {})
        tandem = figures.get("tandem, first copy")
        if not tandem:
            continue
        found.append((f"{name}: × one stream", f"≤ {limit:.2f}", f"{tandem['ratio']:.2f}", tandem["ratio"] <= limit))
        scanner = figures.get("DuckDB's postgres scanner")
        if scanner:
            found.append((f"{name}: faster than the scanner", f"< {scanner['wall']:.2f} s", f"{tandem['wall']:.2f} s",
                          tandem["wall"] < scanner["wall"]))
        found.append((f"{name}: peak memory", f"< {RSS_TARGET} MB", f"{tandem['rss']:.0f} MB",
                      tandem["rss"] < RSS_TARGET))
    if "help" in results:
        found.append(("`tandem --help`", f"< {HELP_TARGET * 1000:.0f} ms", f"{results['help'] * 1000:.0f} ms",
                      results["help"] < HELP_TARGET))
    if "empty" in results:
        found.append(("run over 200 empty tables", f"< {EMPTY_TARGET:.0f} s", f"{results['empty']:.2f} s",
                      results["empty"] < EMPTY_TARGET))
    for workload, entry in results.get("drains", {}).items():
        figures, name = entry["contenders"][changes.TANDEM], changes.NAMES[workload]
        found.append((f"{name}: × pg_recvlogical", f"≤ {DRAIN_TARGET:.2f}", f"{figures['ratio']:.2f}",
                      figures["ratio"] <= DRAIN_TARGET))
        found.append((f"{name}: peak memory", f"< {RSS_TARGET} MB", f"{figures['rss']:.0f} MB",
                      figures["rss"] < RSS_TARGET))
    for workload, entry in results.get("mirrors", {}).items():
        wall = entry["tandem"]["wall"]
        found.append((f"{changes.NAMES[workload]}: faster into Postgres than native", f"< {entry['native']:.2f} s",
                      f"{wall:.2f} s", wall < entry["native"]))
    for share, limit in LATENCY_TARGETS.items():
        if "latency" in results:
            figure = results["latency"][share]
            found.append((f"commit to visible, {share}", f"< {limit * 1000:.0f} ms", f"{figure * 1000:.0f} ms",
                          figure < limit))
    for share, limit in POSTGRES_LATENCY_TARGETS.items():
        if "postgres_latency" in results:
            figure = results["postgres_latency"]["tandem"][share]
            found.append((f"commit to visible in Postgres, {share}", f"≤ {limit * 1000:.0f} ms",
                          f"{figure * 1000:.1f} ms", figure <= limit))
    found += table_targets(results.get("many", {}))
    for method, (tenth, full) in results.get("methods_memory", {}).items():
        limit = tenth * FLAT_TARGET + FLAT_MARGIN
        found.append((f"{method}: memory beside a tenth of it ({tenth:.0f} MB)", f"≤ {limit:.0f} MB", f"{full:.0f} MB",
                      full <= limit))
    return found


def table_targets(many):
    found, base = [], min(many, default=0)
    for count, entries in many.items():
        for (method, destination), figures in entries.items():
            for step, cost in figures.items():
                if step == "bytes":
                    continue
                name, each = f"{count:,} tables, {method} into {destination}, {step}", cost["wall"] / count
                found.append((f"{name}: peak memory", f"< {TABLES_RSS_TARGET} MB", f"{cost['rss']:.0f} MB",
                              cost["rss"] < TABLES_RSS_TARGET))
                if count == base:
                    found.append((f"{name}, a table", f"≤ {TABLE_TARGET * 1000:.0f} ms", f"{each * 1000:.1f} ms",
                                  each <= TABLE_TARGET))
                elif (method, destination) in many[base]:
                    before = many[base][method, destination][step]["wall"] / base
                    found.append((f"{name}: × a table of {base:,}", f"≤ {LINEAR_TARGET}", f"{each / before:.2f}",
                                  each <= before * LINEAR_TARGET))
            if figures["bytes"] and count == base:
                each = figures["bytes"] / count
                found.append((f"{count:,} tables, {method}: bytes of the file a table", f"≤ {TABLE_BYTES_TARGET:,}",
                              f"{each:,.0f}", each <= TABLE_BYTES_TARGET))
    return found


def many_table(many):
    lines = ["## Many tables of five rows", "",
             "| | ms a table | CPU ms a table | the server's | peak MB | KB of file a table | load |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    for count, entries in many.items():
        for (method, destination), figures in entries.items():
            size = f"{figures['bytes'] / count / 1000:.0f}" if figures["bytes"] else ""
            lines += [f"| {count:,}: {method} into {destination}, {step} | {cost['wall'] / count * 1000:.1f} "
                      f"| {cost['cpu'] / count * 1000:.1f} | {cost['server'] / count * 1000:.1f} | {cost['rss']:.0f} "
                      f"| {size} | {cost['load']:.1f} |"
                      for step, cost in figures.items() if step != "bytes"]
    return "\n".join(lines) + "\n"


def postgres_latency_table(figures):
    lines = ["## From a commit until the commit that brings it to another Postgres", "",
             "| | rows | p50 | p90 | p99 | longest |", "|---|---:|---:|---:|---:|---:|"]
    for name, each in figures.items():
        shares = " | ".join(f"{each[key] * 1000:.1f} ms" for key in ("p50", "p90", "p99", "longest"))
        lines.append(f"| {name} | {each['rows']:,} | {shares} |")
    return "\n".join(lines) + "\n"


def methods_memory_table(memory):
    lines = ["## Memory of each method, of a size and a tenth of it", "", "| | a tenth, peak MB | all, peak MB |",
             "|---|---:|---:|"]
    lines += [f"| {name} | {tenth:.0f} | {full:.0f} |" for name, (tenth, full) in memory.items()]
    return "\n".join(lines) + "\n"


def target_table(results):
    lines = ["## Targets", "", "| | target | measured | |", "|---|---:|---:|---|"]
    lines += [f"| {name} | {limit} | {figure} | {'pass' if met else '**fail**'} |"
              for name, limit, figure, met in targets(results)]
    return "\n".join(lines) + "\n"


def drain_table(drains):
    lines = ["## Changes into DuckDB", "",
             "| | changes | wall s | changes/s | × pg_recvlogical | CPU s | µs CPU a change | peak MB |",
             "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for workload, entry in drains.items():
        for contender, figures in entry["contenders"].items():
            lines.append(
                f"| {changes.NAMES[workload]}: {contender} | {entry['changes']:,} | {figures['wall']:.2f} "
                f"| {figures['changes_per_second']:,.0f} | {figures['ratio']:.2f} | {figures['cpu']:.1f} "
                f"| {figures['cpu'] / entry['changes'] * 1e6:.1f} | {figures['rss']:.0f} |")
    return "\n".join(lines) + "\n"


def mirror_table(mirrors):
    lines = ["## Changes into Postgres", "", "| | changes | tandem s | changes/s | native s | changes/s | peak MB |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    for workload, entry in mirrors.items():
        wall, native = entry["tandem"]["wall"], entry["native"]
        lines.append(f"| {changes.NAMES[workload]} | {entry['changes']:,} | {wall:.2f} | {entry['changes'] / wall:,.0f} "
                     f"| {native:.2f} | {entry['changes'] / native:,.0f} | {entry['tandem']['rss']:.0f} |")
    return "\n".join(lines) + "\n"


def latency_table(figures):
    return "\n".join([
        "## From a commit until another process sees it in the DuckDB file", "",
        f"{figures['rows']:,} single-row commits, {figures['rate']:,.0f} a second; another process opened the file "
        f"{figures['looks']:,} times.", "", "| p50 | p90 | p99 | longest | CPU s | peak MB |",
        "|---:|---:|---:|---:|---:|---:|",
        " | ".join(["| " + f"{figures['p50'] * 1000:.0f} ms"] + [f"{figures[key] * 1000:.0f} ms" for key in (
            "p90", "p99", "longest")]) + f" | {figures['cpu']:.1f} | {figures['rss']:.0f} |"]) + "\n"


def trigger_table(times):
    lines = ["## What an update costs the application, with what notes it", "",
             "| | µs CPU | × nothing |", "|---|---:|---:|"]
    for workload, ways in times.items():
        for way, cost in ways.items():
            lines.append(f"| {workload} in a statement, a row: {way} | {cost:.2f} | {cost / ways['nothing']:.2f} |")
    return "\n".join(lines) + "\n"


def memory_table(memory):
    lines = ["## Memory of the first copy, by the number of rows", "", "| | rows | peak MB |", "|---|---:|---:|"]
    lines += [f"| {name} | {entry['rows']:,} | {entry['rss']:.0f} |" for name, entry in memory.items()]
    return "\n".join(lines) + "\n"


def machine():
    with open("/proc/cpuinfo") as cpuinfo:
        models = [line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")]
    with open("/proc/meminfo") as meminfo:
        memory = int(meminfo.readline().split()[1]) / 2**20
    processor = models[0] if models else platform.machine()
    return f"{len(models)} × {processor}, {memory:.0f} GiB, {platform.system()} {platform.release()}"
