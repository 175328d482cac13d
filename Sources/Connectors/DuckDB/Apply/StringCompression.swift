import TandemRows

/// How the strings of a table are to be compressed, where a look at some rows tells.
///
/// Left to itself, DuckDB tries every method on every row group, which takes a
/// third of a load's time. A wrong guess costs room and nothing else.
enum StringCompression: Equatable {
    /// All methods are tried.
    case undecided
    /// Hardly a string occurs twice: a dictionary would be in vain.
    case unique
    /// A few strings are all there is: a dictionary is the best there can be.
    case repeating

    /// DuckDB's names of the methods that are not worth a try.
    var vainMethods: String {
        switch self {
        case .undecided: ""
        case .unique: "dictionary"
        case .repeating: "fsst"
        }
    }

    /// - Parameter batch: Some rows of a table.
    init(for batch: RowBatch?) {
        let kinds = Set((batch?.columns ?? []).compactMap { Self.kind(of: $0, rows: batch?.rowCount ?? 0) })
        self = kinds.count == 1 ? kinds.first ?? .undecided : .undecided
    }

    /// Of one column; `nil` if it holds no strings.
    private static func kind(of column: Column, rows: Int) -> StringCompression? {
        guard case .bytes(let strings) = column.storage else { return nil }
        // What is not laid out as it should be is refused where it is written.
        guard strings.views.count >= rows, column.validity.map({ $0.count >= rows }) ?? true else { return nil }
        var hashes: Set<Int> = []
        var count = 0
        for row in 0..<rows where !column.isNull(row) {
            let view = strings.views[row]
            guard Int(view.start) + Int(view.length) <= strings.storage.count else { return nil }
            var hasher = Hasher()
            hasher.combine(bytes: strings[row])
            hashes.insert(hasher.finalize())
            count += 1
        }
        if count >= 1024, hashes.count <= 64 { return .repeating }
        return count >= 256 && hashes.count > count / 2 ? .unique : .undecided
    }
}
