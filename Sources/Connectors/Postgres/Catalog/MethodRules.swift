import TandemCore
import TandemRows

/// Decides how a table can be read, and says why not otherwise. Pure: the same facts, the same answer.
struct MethodRules: Sendable {
    let table: TableFacts
    let columns: [ColumnFacts]
    let keys: [KeyCandidate]
    let types: TypeMap
    let server: ServerFacts

    func eligibility(_ method: Method) -> Eligibility {
        switch method {
        case .fullTable: fullTable
        case .incremental: incremental
        case .logBased: logBased
        case .triggerBased: triggerBased
        }
    }

    var quotedName: String { SQL.name(table.name) }
    var quotedUser: String { SQL.identifier(server.user) }

    // MARK: FULL_TABLE

    private var fullTable: Eligibility { obstacle ?? .usable(note: sentences(readingNotes)) }

    /// Why no method can read this table at all.
    var obstacle: Eligibility? {
        missingGrant ?? unpopulated ?? hiddenRows
    }

    /// Why changes of it cannot be told: they come of all rows, also of those that policies do not show.
    var chosenRows: Eligibility? {
        guard table.rows == .chosen else { return nil }
        return .unusable(
            reason: "Policies choose the rows that \"\(server.user)\" may read, and changes come of all rows.",
            remedy: Remedy("Use FULL_TABLE for it, or show this user every row by a policy.")
        )
    }

    private var missingGrant: Eligibility? {
        let usage = "GRANT USAGE ON SCHEMA \(SQL.identifier(table.name.schema)) TO \(quotedUser)"
        let select = "GRANT SELECT ON \(quotedName) TO \(quotedUser)"
        let isReadable = table.maySelect || columns.contains(where: \.maySelect)
        switch (table.mayUseSchema, isReadable) {
        case (true, true): return nil
        case (true, false):
            return .unusable(
                reason: "The user \"\(server.user)\" may not SELECT from it.",
                remedy: Remedy("As its owner \"\(table.owner)\" or an administrator, grant it.", sql: [select])
            )
        case (false, let isReadable):
            return .unusable(
                reason: "The user \"\(server.user)\" has no USAGE on the schema \"\(table.name.schema)\".",
                remedy: Remedy(
                    "As the schema's owner or an administrator, grant it.",
                    sql: isReadable ? [usage] : [usage, select]
                )
            )
        }
    }

    private var unpopulated: Eligibility? {
        guard table.kind == .materializedView, !table.isPopulated else { return nil }
        return .unusable(
            reason: "The materialized view has not been populated.",
            remedy: Remedy(
                "As its owner \"\(table.owner)\", fill it once.",
                sql: ["REFRESH MATERIALIZED VIEW \(quotedName)"]
            )
        )
    }

    private var hiddenRows: Eligibility? {
        guard table.rows == .hidden else { return nil }
        let policy = "CREATE POLICY tandem_read ON \(quotedName) FOR SELECT TO \(quotedUser) USING (true)"
        return .unusable(
            reason:
                "Row-level security hides rows from the user \"\(server.user)\", and they would be missing in silence.",
            remedy: Remedy(
                "As its owner \"\(table.owner)\", show this user every row by a policy; or as a superuser: "
                    + "ALTER ROLE \(quotedUser) BYPASSRLS.",
                sql: [policy]
            )
        )
    }

    /// What the user should know about how the table is read.
    private var readingNotes: [String] {
        var notes: [String] = []
        if table.rows == .chosen { notes.append("Only the rows that the policies for this user show are read.") }
        if table.isHypertable {
            notes.append("A hypertable of TimescaleDB: all its chunks are read, by one reader.")
        } else if table.hasChildren || table.isChild {
            notes.append(
                "Part of an inheritance tree: only its own rows are read, not those of tables that inherit from it."
            )
        }
        if let foreign = table.foreignServer {
            notes.append("Its rows come from the foreign server \"\(foreign)\", which need not show one moment.")
        }
        if let `extension` = table.extension { notes.append("It belongs to the extension \"\(`extension`)\".") }
        if table.isUnlogged { notes.append("Unlogged: the server empties it after a crash.") }
        return notes
    }

    func sentences(_ sentences: [String]) -> String? { sentences.isEmpty ? nil : sentences.joined(separator: " ") }

    /// Why `column` is left out.
    func omission(of column: ColumnFacts) -> OmittedColumn {
        OmittedColumn(
            name: column.name,
            id: ColumnID(column.number),
            reason: "The user \"\(server.user)\" may not SELECT it.",
            remedy: Remedy(
                "As the table's owner \"\(table.owner)\" or an administrator, grant it.",
                sql: ["GRANT SELECT (\(SQL.identifier(column.name))) ON \(quotedName) TO \(quotedUser)"]
            )
        )
    }

    // MARK: INCREMENTAL

    private var incremental: Eligibility {
        if let obstacle { return obstacle }
        let usable = Set(columns.filter { $0.maySelect && $0.isNotNull }.map(\.number))
        if let key = KeyCandidate.best(of: keys, usable: usable), !key.isExact {
            return .unusable(
                reason:
                    "Its key \(key.index) takes values for equal that are written differently; a row that comes under "
                    + "another spelling would not take the place of the one it was.",
                remedy: nil
            )
        }
        let candidates = likelyCursors
        guard !candidates.isEmpty else {
            return .unusable(
                reason:
                    "No column can serve as a cursor: that takes an ordered type, such as a timestamp or an integer.",
                remedy: Remedy("Add a column that grows with every insert and update, such as updated_at.")
            )
        }
        let names = candidates.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
        return .usable(note: "It needs a cursor that grows with every insert and update; candidates: \(names).")
    }

    /// Columns that can be ordered by, the likeliest cursors first.
    var cursors: [String] { rankedCursors.map(\.name) }

    private var likelyCursors: [String] {
        let ranked = rankedCursors
        let likely = ranked.filter { $0.rank < 4 }
        return (likely.isEmpty ? ranked : likely).map(\.name)
    }

    private var rankedCursors: [(rank: Int, name: String)] {
        let ranked = columns.filter(\.maySelect).compactMap { column -> (rank: Int, name: String)? in
            rank(types.native(column.type, modifier: column.modifier), column.type).map { ($0, column.name) }
        }
        return ranked.enumerated()
            .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element)
    }

    private func rank(_ native: NativeType, _ type: UInt32) -> Int? {
        switch native.type {
        case .timestampTZ: 0
        case .timestamp: 1
        case .int64, .int32: 2
        case .date, .int16, .decimal: 3
        case .uuid, .time, .timeTZ, .interval, .float32, .float64, .bytes: 4
        case .text where type == CursorColumn.numeric: 3
        // Types that merely travel as text need not have an order.
        case .text: native.reading.cast == .none ? 4 : nil
        case .bool, .json, .list: nil
        }
    }
}
