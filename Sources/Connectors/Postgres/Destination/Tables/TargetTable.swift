import TandemCore
import TandemRows

/// A table as it is to be at the destination: the source's names, and the types they have here.
struct TargetTable: Sendable {
    let target: TableName
    let schema: TableSchema
    let types: [TargetType]

    init(_ schema: TableSchema, target: TableName, types: [TargetType]) {
        self.schema = schema
        self.target = target
        self.types = types
    }

    /// - Parameter keepsNativeText: Whether columns that travel as text take the type they have at the source.
    /// - Throws: ``PostgresError/destination(_:_:)`` for what Postgres cannot hold.
    init(_ schema: TableSchema, target: TableName, in session: Session, keepsNativeText: Bool) throws {
        self.target = target
        self.schema = schema
        let version = session.capabilities.version
        types = try schema.columns.map { column in
            do throws(TargetType.NestedList) {
                return try TargetType(of: column, version: version, keepsNativeText: keepsNativeText)
            } catch {
                throw PostgresError.destination(session.endpoint, .nestedList(target, column: column.name))
            }
        }
    }

    /// What each identifier of Postgres holds, unless it was built otherwise.
    static let nameLimit = 63

    /// The server would cut longer names off, and take two for one.
    ///
    /// - Throws: ``PostgresError/destination(_:_:)``.
    func checkNames(_ endpoint: Endpoint) throws {
        for name in [target.schema, target.table] + schema.columns.map(\.name) where name.utf8.count > Self.nameLimit {
            throw PostgresError.destination(endpoint, .nameTooLong(name, limit: Self.nameLimit))
        }
    }

    var columnNames: [String] { schema.columns.map(\.name) }

    /// `"a", "b"`.
    var columnList: String { schema.columns.map { SQL.identifier($0.name) }.joined(separator: ", ") }

    var keyList: String { schema.identity.map { SQL.identifier(schema.columns[$0].name) }.joined(separator: ", ") }

    /// The columns that a row brings which takes the place of another with an equal key.
    var replacedColumns: [String] {
        schema.columns.indices.filter { !schema.identity.contains($0) || !types[$0].isExact }
            .map { SQL.identifier(schema.columns[$0].name) }
    }

    /// What stands in the brackets of CREATE TABLE, with types as rows are copied in.
    var loadedDefinition: String {
        zip(schema.columns, types).map { "\(SQL.identifier($0.name)) \($1.loaded)" }.joined(separator: ", ")
    }

    /// The actions of one ALTER TABLE that give every column its own type, after rows were copied in.
    var casts: [String] {
        zip(schema.columns, types).filter { $1.isCast }.map { column, type in
            let name = SQL.identifier(column.name)
            return "ALTER COLUMN \(name) TYPE \(type.sql) USING \(name)::\(type.sql)"
        }
    }

    /// Whether some column travels as text and is something else here.
    var hasNativeText: Bool {
        zip(schema.columns, types).contains { column, type in
            [.text, .list(.text)].contains(column.type) && !["text", "text[]"].contains(type.sql)
        }
    }

    /// `COPY … FROM STDIN` of all columns into `table`.
    func copy(into table: String) -> String {
        let columns = schema.columns.isEmpty ? "" : " (\(columnList))"
        return "COPY \(table)\(columns) FROM STDIN (FORMAT binary)"
    }
}

extension SQL {
    /// `prefix` and `name`, in as many bytes as a name may have: what is too long loses its middle for a number that
    /// stands for the whole.
    static func shortened(_ prefix: String, _ name: String, _ suffix: String = "") -> String {
        let whole = prefix + name + suffix
        guard whole.utf8.count > TargetTable.nameLimit else { return whole }
        // FNV-1a.
        let hash = name.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        let tail = "_" + String(hash, radix: 36) + suffix
        var kept = ""
        for character in name.unicodeScalars {
            let longer = kept.utf8.count + UTF8.width(character)
            guard prefix.utf8.count + longer + tail.utf8.count <= TargetTable.nameLimit else { break }
            kept.unicodeScalars.append(character)
        }
        return prefix + kept + tail
    }
}
