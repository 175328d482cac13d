import Foundation
import TandemRows

/// How much memory DuckDB may use: little, because more makes nothing faster, but for rows that need it.
///
/// A value of hundreds of megabytes must be in memory whole, and DuckDB cannot
/// write it to disk in parts.
extension Session {
    /// Four times as much as before, while that is no more than most of the machine's memory.
    ///
    /// - Returns: Whether there is more now. Never where the user has set a limit.
    func allowMoreMemory() throws -> Bool {
        guard let next = nextMemoryLimit else { return false }
        return try allowMemory(atLeast: next)
    }

    /// What to try where this session's limit has not been enough, in bytes. `nil` where the user has set it.
    var nextMemoryLimit: Int? { growingMemoryLimit.map { $0 * 4 } }

    /// `bytes`, or most of the machine's memory if that is less.
    ///
    /// - Returns: Whether there is more now. Never where the user has set a limit.
    @discardableResult
    func allowMemory(atLeast bytes: Int) throws -> Bool {
        guard let current = growingMemoryLimit else { return false }
        let next = min(bytes, Int(ProcessInfo.processInfo.physicalMemory / 10 * 8))
        guard next > current else { return false }
        try run("SET memory_limit = '\(next / 1024)KiB'", to: "use more memory")
        growingMemoryLimit = next
        memoryLimit = "\(next / 1_000_000)MB"
        return true
    }
}

/// What DuckDB keeps in memory of changes until they are committed, whatever its limit: it fails where that is less.
///
/// A block for each table that rows are removed from, there a note for each of its vectors (2,048 rows) that one of
/// them lies in, and the beginning of each column that rows are added to. As measured of DuckDB 2.0: 256 KiB, 16.4 KiB
/// and 4.1 KiB.
struct PinnedMemory {
    private var tables: [TableName: Table] = [:]
    private(set) var bytes = 0

    private struct Table {
        var columns = 0
        var vectors = 0

        var bytes: Int { columns * 5 << 10 + (vectors > 0 ? 272 << 10 : 0) + vectors * 20 << 10 }
    }

    private static let vector = 2_048

    /// - Parameters:
    ///   - removed: How many rows are removed, at most.
    ///   - rows: How many the table has.
    mutating func note(_ table: TableName, columns: Int, removed: Int, of rows: Int) {
        var known = tables[table] ?? Table()
        known.columns = max(known.columns, columns)
        // Rows that are removed and written again may lie in vectors behind the others.
        known.vectors = min(known.vectors + removed, max(known.vectors, rows / Self.vector + 2))
        bytes += known.bytes - (tables[table]?.bytes ?? 0)
        tables[table] = known
    }
}
