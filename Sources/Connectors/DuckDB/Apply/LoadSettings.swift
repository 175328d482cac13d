import TandemRows

/// What DuckDB may use while it loads one table.
struct LoadSettings: Equatable {
    var threads: Int
    /// In bytes, where it takes more than the standard.
    var memory: Int?
    var compression: StringCompression

    /// A thread that loads holds a block of each column, and one of its nulls.
    private static let bytesPerColumn = 512 << 10
    /// Past this, two threads' blocks would not fit in the standard memory.
    private static let columnsOfTwoThreads = 250

    /// - Parameters:
    ///   - readers: How many threads the rows can be read by.
    ///   - config: A memory limit there is kept, whatever the table.
    init(for schema: TableSchema, readers: Int, _ compression: StringCompression, _ config: DuckDBConfig) {
        self.compression = compression
        let columns = schema.columns.reduce(0) { $0 + $1.type.vectorCount }
        let most = columns > Self.columnsOfTwoThreads && config.memoryLimit == nil ? 1 : config.threads ?? .max
        // A thread of DuckDB without a reader spins, and takes its time from the others.
        threads = min(max(readers, 1), most)
        let needed = columns * Self.bytesPerColumn
        memory = config.memoryLimit == nil && needed > DuckDBConfig.standardMemoryLimit ? needed : nil
    }

    var sql: String {
        """
        SET threads = \(threads);
        SET preserve_insertion_order = false;
        SET disabled_compression_methods = '\(compression.vainMethods)'
        """
    }

    /// Undoes ``sql``.
    static let reset = "RESET threads; RESET preserve_insertion_order; RESET disabled_compression_methods"
}

extension ColumnType {
    /// Of how many simple columns it takes the room.
    fileprivate var vectorCount: Int {
        guard case .list(let element) = self else { return 1 }
        return 1 + element.vectorCount
    }
}
