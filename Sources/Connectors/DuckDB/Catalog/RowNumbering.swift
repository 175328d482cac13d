import TandemCore
import TandemRows

/// How the number that DuckDB gives each row of a table is reached: by the name `rowid`, which a column of the user's
/// may have too, and has then.
struct RowNumbering {
    let table: TableName
    /// The names of its columns, as the file has them.
    let columns: [String]

    private static let name = "rowid"

    init(of table: TableName, in session: Session) throws {
        self.table = table
        let query = "SELECT * FROM \(session.quoted(table)) LIMIT 0"
        columns = try Statement(query, in: session, to: "look at \(table)").columnNames
    }

    /// Which column hides the number.
    private var hidden: Int? { columns.firstIndex { SQL.folding.fold($0) == Self.name } }

    /// A name that no column has.
    private var freeName: String {
        let taken = Set(columns.map(SQL.folding.fold))
        var name = "_tandem_\(Self.name)"
        while taken.contains(name) { name = "_" + name }
        return name
    }

    // MARK: Reading

    /// The table as it stands behind `FROM`, so that `rowid` is the number.
    func relation(in session: Session) -> String {
        guard let hidden else { return session.quoted(table) }
        let names = columns[..<hidden] + [freeName]
        return "\(session.quoted(table)) AS stored(\(names.map(SQL.identifier).joined(separator: ", ")))"
    }

    /// What the column `name` is called there.
    func column(_ name: String) -> String {
        SQL.folding.fold(name) == Self.name && hidden != nil ? freeName : name
    }

    // MARK: Writing

    /// Calls `body` while `rowid` is the number in statements that write, too; in a transaction.
    ///
    /// They take no other names for columns, so that the user's has another one meanwhile, which nobody else sees.
    ///
    /// - Throws: ``TableMismatch`` if the table cannot be changed, as with an index of the user's.
    func reaching<Value>(in session: Session, _ body: () throws -> Value) throws -> Value {
        guard let hidden else { return try body() }
        try rename(columns[hidden], to: freeName, in: session)
        let value = try body()
        try rename(freeName, to: columns[hidden], in: session)
        return value
    }

    private func rename(_ old: String, to new: String, in session: Session) throws {
        let rename = "RENAME COLUMN \(SQL.identifier(old)) TO \(SQL.identifier(new))"
        do {
            try session.run("ALTER TABLE \(session.quoted(table)) \(rename)", to: "look at the rows of \(table)")
        } catch DuckDBError.failed(_, let reason) where reason.hasPrefix("Dependency Error") {
            let name = columns[hidden ?? 0]
            throw TableMismatch(table, because: "its column \(name) hides DuckDB's own, and an index keeps its name")
        }
    }
}
