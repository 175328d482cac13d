import TandemCore
import TandemRows

/// A temporary table that the changes of one table are copied into, to be merged by the server itself.
struct StageTable: Sendable {
    /// What a row of it is.
    enum Kind: Int16 {
        /// A key, or without one a whole row, to take away.
        case removed = 0
        case written = 1
        /// A key and the row that replaces what is under it, some of whose values are there.
        case patched = 2
        /// The same, with those values.
        case filled = 3
        /// A key, or without one a whole row, to mark, and since when it is deleted.
        case deleted = 4
    }

    let target: TargetTable
    /// Quoted.
    let name: String
    /// What Tandem has added to the target.
    var metadataColumns: MetadataColumns = []

    var key: [Int] { target.schema.identity }

    /// The names of the columns that hold keys of rows that are there, and of those that hold what is to be.
    func keyColumn(_ place: Int) -> String { "k\(place)" }
    func column(_ index: Int) -> String { "c\(index)" }

    /// Makes it. It is empty whenever a transaction begins.
    ///
    /// - Parameter isDropped: It goes with the transaction, because the session may be another client's next.
    func creation(isDropped: Bool) -> String {
        // Its number is only there where rows that are refused are looked for.
        var columns = ["o smallint NOT NULL", "n integer"]
        if !key.isEmpty {
            columns.append("a bytea")
            for (place, index) in key.enumerated() {
                columns.append("\(keyColumn(place)) \(target.types[index].loaded)")
            }
        }
        for (index, type) in target.types.enumerated() { columns.append("\(column(index)) \(type.loaded)") }
        if keepsDeleted { columns.append("d \(TargetType.time.loaded)") }
        let end = isDropped ? "DROP" : "DELETE ROWS"
        return "CREATE TEMPORARY TABLE \(name) (\(columns.joined(separator: ", "))) ON COMMIT \(end)"
    }

    // MARK: Copying into it

    /// The columns that rows of a kind have, and how each is written.
    func layout(of kind: Kind) -> (columns: [String], encoders: [CellEncoder]) {
        var columns = ["o"]
        var encoders: [CellEncoder] = [.int16]
        let hasKey = !key.isEmpty && kind != .written
        if hasKey {
            columns += key.indices.map(keyColumn)
            encoders += key.map { target.types[$0].encoder }
        }
        if kind == .patched {
            columns.append("a")
            encoders.append(.bytes)
        }
        if kind != .removed && kind != .deleted || !hasKey {
            columns += target.types.indices.map(column)
            encoders += target.types.map(\.encoder)
        }
        if kind == .deleted {
            columns.append("d")
            encoders.append(TargetType.time.encoder)
        }
        return (columns, encoders)
    }

    func copy(_ columns: [String]) -> String {
        "COPY \(name) (\(columns.joined(separator: ", "))) FROM STDIN (FORMAT binary)"
    }

    // MARK: Merging it

    var quotedTarget: String { SQL.name(target.target) }

    func targetColumn(_ index: Int) -> String { SQL.identifier(target.schema.columns[index].name) }

    /// A value as its column has it.
    func value(_ stageColumn: String, _ index: Int) -> String { cast("s.\(stageColumn)", index) }

    func cast(_ value: String, _ index: Int) -> String {
        let type = target.types[index]
        return type.isCast ? "\(value)::\(type.sql)" : value
    }

    func isKey(of table: String, in stage: String) -> String {
        key.enumerated().map { place, index in
            "\(table).\(targetColumn(index)) = \(cast("\(stage).\(keyColumn(place))", index))"
        }.joined(separator: " AND ")
    }

    /// Reads what patched rows keep, and makes them whole. It tells how many rows it found.
    ///
    /// - Parameter absent: Columns in which some row has no value.
    func fill(_ absent: [Int]) -> String {
        let values = absent.map { index in
            let type = target.types[index]
            let kept = type.isCast ? "t.\(targetColumn(index))::\(type.loaded)" : "t.\(targetColumn(index))"
            let name = column(index)
            return "\(name) = CASE pg_catalog.get_bit(s.a, \(index)) WHEN 1 THEN \(kept) ELSE s.\(name) END"
        }
        let set = ["o = \(Kind.filled.rawValue)"] + values
        return """
            WITH found AS (
              UPDATE \(name) s SET \(set.joined(separator: ", ")) FROM ONLY \(quotedTarget) t
              WHERE s.o = \(Kind.patched.rawValue) AND \(isKey(of: "t", in: "s"))\(isThere) RETURNING 1)
            SELECT count(*) FROM found
            """
    }

    /// Takes away the rows under all keys but those that are written again: these are changed in place, so that what
    /// refers to them goes on doing so.
    ///
    /// - Parameters:
    ///   - isOverlapping: Whether there are any such.
    ///   - filter: What holds of the staged rows `s` that it is about; only where there are none such.
    func deletion(isOverlapping: Bool, where filter: String = "true") -> String {
        guard isOverlapping else {
            return """
                DELETE FROM ONLY \(quotedTarget) t USING \(name) s
                WHERE s.o = \(Kind.removed.rawValue) AND \(isKey(of: "t", in: "s")) AND \(filter)
                """
        }
        return "DELETE FROM ONLY \(quotedTarget) t USING (\(goneForGood)) s WHERE \(isKey(of: "t", in: "s"))"
    }

    /// The keys of rows to take away that are not written again.
    var goneForGood: String {
        // Of the types that decide what is one key.
        let gone = key.indices.map { cast(keyColumn($0), key[$0]) + " AS \(keyColumn($0))" }.joined(separator: ", ")
        let kept = key.map { cast(column($0), $0) }.joined(separator: ", ")
        return """
            SELECT \(gone) FROM \(name) WHERE o IN (\(Kind.removed.rawValue), \(Kind.filled.rawValue))
            EXCEPT SELECT \(kept) FROM \(name) WHERE o IN (\(Kind.written.rawValue), \(Kind.filled.rawValue))
            """
    }

    /// - Parameters:
    ///   - replaces: Whether there may be rows under the same keys.
    ///   - filter: What holds of the staged rows `s` that it is about.
    func insertion(replaces: Bool, where filter: String = "true") -> String {
        let columns = target.types.indices.map { targetColumn($0) }
        let values = target.types.indices.map { value(column($0), $0) }.joined(separator: ", ")
        let all = columns + (syncs ? [Self.syncedAt] : [])
        let names = all.isEmpty ? "" : " (\(all.joined(separator: ", ")))"
        let own = syncs ? (columns.isEmpty ? "" : ", ") + "pg_catalog.now()" : ""
        let insert = """
            INSERT INTO \(quotedTarget) AS t\(names) SELECT \(values)\(own) FROM \(name) s
            WHERE s.o IN (\(Kind.written.rawValue), \(Kind.filled.rawValue)) AND \(filter)
            """
        guard replaces else { return insert }
        var rest = target.replacedColumns.map { "\($0) = EXCLUDED.\($0)" }
        if syncs { rest.append("\(Self.syncedAt) = EXCLUDED.\(Self.syncedAt)") }
        if keepsDeleted { rest.append("\(Self.deletedAt) = NULL") }
        let action = rest.isEmpty ? "NOTHING" : "UPDATE SET \(rest.joined(separator: ", "))"
        return insert + " ON CONFLICT (\(target.keyList)) DO \(action)"
    }

    /// Takes away one row for each that is to go and equals it. Rows are compared as text, in which every value is
    /// exact and nulls are equal: not every type can be compared otherwise.
    var countedDeletion: String {
        let staged = target.types.indices.map { value(column($0), $0) }.joined(separator: ", ")
        let stored = target.types.indices.map { "t.\(targetColumn($0))" }.joined(separator: ", ")
        return """
            WITH gone AS MATERIALIZED (
              SELECT ROW(\(staged))::text AS image, count(*) AS number FROM \(name) s
              WHERE s.o = \(Kind.removed.rawValue) GROUP BY 1
            ), found AS (
              SELECT t.ctid AS place, g.number AS wanted,
                pg_catalog.row_number() OVER (PARTITION BY g.image) AS number
              FROM ONLY \(quotedTarget) t JOIN gone g ON ROW(\(stored))::text = g.image WHERE true\(isThere)
            )
            DELETE FROM ONLY \(quotedTarget) t USING found f WHERE t.ctid = f.place AND f.number <= f.wanted
            """
    }
}
