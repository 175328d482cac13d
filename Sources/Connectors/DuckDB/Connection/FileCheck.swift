import CDuckDB
import TandemCore

/// Whether a warehouse file can be written, asked without writing.
struct FileCheck {
    let opener: FileOpener

    func findings() async -> [Finding] {
        let path = opener.path
        do throws(DuckDBError) { try opener.checkPath(.write) } catch { return [Self.finding(error)] }
        var findings: [Finding] = []
        if FileFacts.kind(path) == .missing {
            findings.append(Finding(.ok, path, "The file is not there yet; the first run makes it."))
        } else if let holder = DatabaseFile.lockHolder(of: path) {
            let who = Self.program(of: holder).map { "\($0) (process \(holder))" } ?? "process \(holder)"
            let message = "The file is in use by \(who); a run waits for it."
            let remedy = Remedy("Close it there, or open it read-only and shortly.")
            findings.append(Finding(.warning, path, message, remedy: remedy))
        } else {
            findings.append(await contentFinding())
        }
        findings.append(diskFinding())
        let library = String(cString: duckdb_library_version())
        findings.append(Finding(.ok, "duckdb", "The library is DuckDB \(library)."))
        return findings
    }

    private func contentFinding() async -> Finding {
        do {
            let session = try await opener.open(.read)
            try session.refuseCutTables()
            let metadata = Metadata(session)
            guard try metadata.storedVersion() != nil else {
                return Finding(.ok, opener.path, "The file can be read and written; Tandem has put nothing there yet.")
            }
            let count = try metadata.count()
            let tables = count == 1 ? "one table" : "\(count) tables"
            return Finding(.ok, opener.path, "The file can be read and written; it holds copies of \(tables).")
        } catch {
            return Self.finding(error)
        }
    }

    /// A run needs room for a second copy of what it replaces, and no one knows how much comes anew.
    private func diskFinding() -> Finding {
        guard let free = FileFacts.freeBytes(at: opener.path) else {
            return Finding(.note, "disk", "The system does not say how much room there is.")
        }
        let message = "There are \(free >> 20) MiB free where the file lies."
        guard free < FileFacts.size(of: opener.path) + (100 << 20) else { return Finding(.ok, "disk", message) }
        return Finding(
            .warning,
            "disk",
            message,
            remedy: Remedy("Free space: a run writes each copy beside the one it replaces.")
        )
    }

    private static func finding(_ error: any Error) -> Finding {
        let explained = error as? DuckDBError
        return Finding(.error, "file", explained?.description ?? "\(error)", remedy: explained?.remedy)
    }

    private static func program(of process: Int) -> String? { FileFacts.link("/proc/\(process)/exe") }
}
