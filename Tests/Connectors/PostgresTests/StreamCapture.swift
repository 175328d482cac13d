import TandemTesting

@testable import TandemPostgres

/// A slot, read through SQL: what a plugin says of the log since the slot was made.
struct StreamCapture {
    let database: TestDatabase
    let slot: String
    let plugin: String
    let format: Wal2JSON.Format

    /// Makes the slot, and for `pgoutput` a publication of every table.
    init(
        _ database: TestDatabase,
        plugin: String = "pgoutput",
        format: Wal2JSON.Format = .changes,
        publication options: String = ""
    ) throws {
        self.database = database
        self.plugin = plugin
        self.format = format
        slot = "s_\(plugin)_\(format)_" + database.name.suffix(20)
        // Only what has been written out is decoded; these servers commit before they have done that.
        try database.execute("ALTER DATABASE \(database.name) SET synchronous_commit = on")
        if plugin == "pgoutput" {
            try database.execute("CREATE PUBLICATION p_\(slot) FOR ALL TABLES \(options)")
        }
        try database.execute("SELECT pg_create_logical_replication_slot('\(slot)', '\(plugin)')")
    }

    /// How its messages are read.
    var decoding: ChangeReader.Plugin { plugin == "pgoutput" ? .pgoutput : .wal2json(format) }

    /// A message, and its places in the log.
    struct Message {
        var start: LSN
        var bytes: [UInt8]
    }

    /// The messages since the slot was made, or since they were last consumed.
    func messages(_ options: [String: String] = [:], consuming: Bool = false) throws -> [Message] {
        var all = options
        if plugin == "pgoutput" {
            all["proto_version"] = all["proto_version"] ?? "1"
            all["publication_names"] = "p_\(slot)"
        }
        if plugin == "wal2json" {
            // The test server's plugin is 2.5. Format 1 is asked for as the oldest plugins can be.
            let asked = Wal2JSON.options.last { asked in
                let names = asked.options.map(\.name)
                return asked.format == format && (format == .chunks || names.contains("include-column-positions"))
            }
            for option in asked?.options ?? [] { all[option.name] = option.value }
        }
        let list = all.sorted { $0.key < $1.key }.map { ", '\($0.key)', '\($0.value)'" }.joined()
        let verb = consuming ? "get" : "peek"
        let answer = try database.execute(
            plugin == "pgoutput"
                ? """
                SELECT lsn, encode(data, 'hex')
                FROM pg_logical_slot_\(verb)_binary_changes('\(slot)', NULL, NULL\(list))
                """
                : """
                SELECT lsn, encode(convert_to(data, 'UTF8'), 'hex')
                FROM pg_logical_slot_\(verb)_changes('\(slot)', NULL, NULL\(list))
                """
        )
        return try answer.split(whereSeparator: \.isNewline).map { line in
            let cells = line.split(separator: "|")
            guard cells.count == 2, let start = LSN(cells[0]), let bytes = Self.bytes(hex: cells[1]) else {
                throw PostgresServer.Failure(description: "no message: \(line.prefix(80))")
            }
            return Message(start: start, bytes: bytes)
        }
    }

    /// Lets go of the slot, whose log would be kept.
    func drop() throws { try database.execute("SELECT pg_drop_replication_slot('\(slot)')") }

    private static func bytes(hex: Substring) -> [UInt8]? {
        let digits = hex.utf8.map { $0 < 0x3A ? $0 &- 0x30 : $0 &- 0x57 }
        guard digits.count.isMultiple(of: 2), digits.allSatisfy({ $0 < 16 }) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
