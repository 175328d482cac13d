import TandemCore
import TandemRows

/// How a DuckDB file is reached, and what may be used of the machine.
package struct DuckDBConfig: Sendable {
    /// The file, from the configuration's folder unless it is absolute.
    package var path: String?
    /// Seconds to wait for another process that holds the file.
    package var lockTimeout: Int?
    /// The most threads DuckDB uses. The number of cores where `nil`.
    package var threads: Int?
    /// What DuckDB may keep in memory before it writes to disk.
    package var memoryLimit: String?
    /// The oldest DuckDB that shall read a file made by us.
    package var storageVersion: String?

    package init() {}
}

extension DuckDBConfig {
    static let standardLockTimeout = 60
    /// In bytes.
    static let standardMemoryLimit = 160_000_000
    /// Of a new file, in bytes. DuckDB gives each table one of its own, however few rows it has.
    static let blockSize = 64 << 10
    static let standardStorageVersion = "v1.0.0"

    static var fields: [ConfigField<DuckDBConfig>] {
        [
            ConfigField("path", \.path, help: "the file, made if it is not there", required: true),
            ConfigField(
                "lock_timeout",
                \.lockTimeout,
                help: "seconds to wait while another process holds the file",
                in: 0...86_400,
                standard: "\(standardLockTimeout)"
            ),
            ConfigField(
                "threads",
                \.threads,
                help: "the most threads DuckDB uses; all cores where not set",
                in: 1...256
            ),
            ConfigField(
                "memory_limit",
                \.memoryLimit,
                help: "what DuckDB may keep in memory; where not set, 160MB to write, more only for rows that need it",
                kind: .other("a size such as 400MB or 2GB"),
                parse: memory
            ),
            ConfigField(
                "storage_version",
                \.storageVersion,
                help: "the oldest DuckDB that shall read a new file",
                kind: .other("a version such as v1.0.0, or latest"),
                standard: standardStorageVersion,
                parse: version
            ),
        ]
    }

    private static func memory(_ text: String) -> String?? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.uppercased()
        let units = ["KB", "MB", "GB", "TB", "KIB", "MIB", "GIB", "TIB"]
        guard let size = Int(digits), size > 0, units.contains(unit) else { return nil }
        return .some(digits + unit.replacing(bytes: "I", with: "i"))
    }

    private static func version(_ text: String) -> String?? {
        if text == "latest" { return .some(text) }
        let parts = text.drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ Int($0).map { $0 >= 0 } ?? false }) else { return nil }
        return .some("v" + parts.joined(separator: "."))
    }
}
