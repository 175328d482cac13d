import TandemCore
import TandemRows

/// A column that an exclusion of the configuration keeps out, as the destination remembers it: by id, so that it
/// stays out under every name that it and its table get later, and apart from copies, so that it does so whatever
/// becomes of these.
struct ExcludedColumn: Hashable, Sendable {
    /// The database that the numbers are of: ``Source/origin()``.
    var origin: String
    /// ``TableSchema/id``.
    var table: TableID
    /// ``ColumnSchema/id``.
    var column: ColumnID
    /// What the configuration called the table by which it is excluded.
    var tableName: TableName
    /// The name by which it is excluded.
    var name: String
}

extension ExcludedColumn {
    /// `nil` for what is something else.
    init?(_ object: MadeObject) {
        let words = object.name.split(separator: " ", omittingEmptySubsequences: false).map(Self.read)
        guard object.kind == .exclusion, words.count == 5 else { return nil }
        let (table, column) = (TableID(words[0]), ColumnID(words[1]))
        let name = TableName(schema: words[2], table: words[3])
        self.init(origin: object.place, table: table, column: column, tableName: name, name: words[4])
    }

    func object(of sync: SyncConfiguration) -> MadeObject {
        let words = ["\(table)", "\(column)", tableName.schema, tableName.table, name].map(Self.written)
        return MadeObject(
            sync: sync.name,
            project: sync.project,
            kind: .exclusion,
            name: words.joined(separator: " "),
            place: origin
        )
    }

    private static func written(_ word: String) -> String {
        word.replacing(bytes: "%", with: "%25").replacing(bytes: " ", with: "%20")
    }

    private static func read(_ word: Substring) -> String {
        String(word.replacing(bytes: "%20", with: " ").replacing(bytes: "%25", with: "%"))
    }
}
