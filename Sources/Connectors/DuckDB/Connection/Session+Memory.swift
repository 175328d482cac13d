import Foundation

/// How much memory DuckDB may use: little, because more makes nothing faster, but for rows that need it.
///
/// A value of hundreds of megabytes must be in memory whole, and DuckDB cannot
/// write it to disk in parts.
extension Session {
    /// Four times as much as before, while that is no more than most of the machine's memory.
    ///
    /// - Returns: Whether there is more now. Never where the user has set a limit.
    func allowMoreMemory() throws -> Bool {
        guard let current = growingMemoryLimit else { return false }
        return try allowMemory(atLeast: current * 4)
    }

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
