import CDuckDB
import TandemCore
import TandemRows

/// What DuckDB says went wrong, in its own words.
struct DuckDBFailure {
    var reason: String
    var type: duckdb_error_type

    /// What that means to a user.
    ///
    /// - Parameters:
    ///   - path: The warehouse file.
    ///   - action: Completes "DuckDB could not …".
    ///   - limit: The memory DuckDB may use.
    func explained(path: String, action: String, limit: String = "") -> any Error {
        if type == DUCKDB_ERROR_INTERRUPT { return CancellationError() }
        // What is wrong with a statement quotes what the user has written.
        let words = isAboutStatement ? "" : unquoted
        func says(_ sought: String...) -> Bool { sought.contains { words.contains($0) } }
        if says("No space left on device", "max_temp_directory_size", "Disk quota exceeded") {
            return DuckDBError.diskFull(path: path, free: FileFacts.freeBytes(at: path))
        }
        if says("Could not set lock on file") { return DuckDBError.locked(path: path, holder: holder, seconds: 0) }
        if says("not a valid DuckDB database file") { return DuckDBError.notADatabase(path: path) }
        if says("newer version", "we can only read version", "Use the latest version") {
            return DuckDBError.newerFile(path: path, library: String(cString: duckdb_library_version()), reason: brief)
        }
        if isAboutReplay || says("WAL file", "write-ahead log") {
            return DuckDBError.damagedLog(path: path, reason: brief)
        }
        if says("Permission denied", "Read-only file system") { return DuckDBError.unwritable(path: path) }
        if says("disabled by configuration", "disabled through configuration") { return DuckDBError.outsideTheFile }
        if says("orrupt database file", "atabase file appears to be corrupted", "Could not read enough bytes from file")
        {
            return DuckDBError.damaged(path: path, reason: brief)
        }
        if type == DUCKDB_ERROR_OUT_OF_MEMORY || says("could not allocate block", "failed to pin block") {
            return DuckDBError.outOfMemory(path: path, limit: limit, reason: brief)
        }
        return DuckDBError.failed(action: action, reason: brief)
    }

    /// Whether it came up while the log was replayed, whatever it is.
    private var isAboutReplay: Bool {
        guard let kind = reason.firstRange(of: " Error: ") else { return false }
        return reason[kind.upperBound...].hasPrefix("Failure while replaying ")
    }

    /// Whether it is the statement that is wrong, or what it was to do with rows, and not the file, its disk or memory.
    private var isAboutStatement: Bool {
        guard let end = reason.firstRange(of: " Error: ") else { return false }
        let ofStatements: Set<Substring> = [
            "Parser", "Syntax", "Binder", "Catalog", "Conversion", "Constraint", "Invalid Input", "Invalid Type",
            "Mismatch Type", "Out of Range", "Not implemented", "Dependency", "Expression", "Decimal", "Sequence",
        ]
        // DuckDB puts the kind of error first.
        return ofStatements.contains(reason[..<end.lowerBound])
    }

    /// The reason without what it quotes: names, paths, values.
    private var unquoted: String {
        reason.replacing(#/"[^"]*"|'[^']*'/#.matchingSemantics(.unicodeScalar), with: "")
    }

    /// The first line, without what follows for programmers. The only place that decides what of DuckDB's words is
    /// shown: what it says of data quotes values.
    private var brief: String {
        let line = reason.split(whereSeparator: \.isNewline).first.map(String.init) ?? reason
        let text = line.count <= 500 ? line : String(line.prefix(500)) + "…"
        guard let end = line.firstRange(of: " Error: ")?.upperBound else {
            return line == Self.silence ? line : WithheldWords.withhold(text, for: "it fails with the rows")
        }
        let kind = String(line[..<end].dropLast(2))
        // Of statements, which are ours or the user's own, and of files.
        let harmless = ["Catalog", "Binder", "Parser", "IO", "Permission", "Out of Memory", "Dependency", "Settings"]
        if harmless.contains(where: { kind == "\($0) Error" }) { return text }
        return WithheldWords.withhold(text, for: "\(kind): \(Self.substitute(for: line[end...]))")
    }

    /// What stands for no words at all.
    static let silence = "it does not say why"

    private static func substitute(for words: Substring) -> String {
        if let name = words.firstRange(of: "NOT NULL constraint failed: ")?.upperBound {
            return "\(words[name...].prefix { !$0.isWhitespace }) must not be null"
        }
        if words.contains("foreign key") { return "a foreign key refuses a row" }
        if words.contains("CHECK constraint") { return "a check constraint refuses a row" }
        if words.contains("unique") || words.contains("UNIQUE") || words.contains("rimary key") {
            return "a unique index or a key refuses a row"
        }
        return "it fails with the rows"
    }

    /// `/usr/bin/duckdb (process 4711)`, from "Conflicting lock is held in /usr/bin/duckdb (PID 4711) by user …".
    private var holder: String {
        guard let start = reason.firstRange(of: "lock is held in "),
            let end = reason[start.upperBound...].firstIndex(of: ")")
        else { return "another process" }
        return String(reason[start.upperBound...end].replacing(bytes: "(PID ", with: "(process "))
    }
}
