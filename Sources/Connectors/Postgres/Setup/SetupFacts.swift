/// What a user may do already, and what the one who asks may grant.
struct SetupFacts: Sendable {
    var roleExists = false
    var mayConnect = false
    var mayCreate = false
    var schemas: [SchemaAccess] = []
    /// Schemas that there are, and whether the user may make tables in each.
    var fillable: [String: Bool] = [:]
}

/// One schema with tables.
struct SchemaAccess: Sendable {
    var name: String
    var isUsable = false
    /// Whether the one who asks can make it usable.
    var isGrantable = true
    var tables: [TableAccess] = []
    /// Owners of tables whose future tables the user may read already.
    var openOwners: Set<String> = []

    /// Who owns tables here.
    var owners: [String] { Set(tables.map(\.owner)).sorted() }
    /// Tables of which an administrator opened some columns only: opening them whole is not ours to do.
    var restricted: [TableAccess] { tables.filter(\.isRestricted) }
}

/// One table or partition.
struct TableAccess: Sendable {
    var name: String
    var owner: String
    var isReadable = false
    var hasReadableColumn = false
    /// Whether the one who asks can grant SELECT on it.
    var isGrantable = true
    /// Whether the one who asks may act as its owner.
    var isOwnedByUs = true

    var isRestricted: Bool { hasReadableColumn && !isReadable }
}

extension SetupFacts {
    /// What the server says of `user`.
    init(_ user: String, in session: Session) throws {
        guard let role = try session.query(SetupQueries.role, [user]).rows.first else { throw UnreadableCell() }
        var cells = ResultRow(role)
        roleExists = try cells.flag()
        mayConnect = try cells.flag()
        mayCreate = try cells.flag()
        for row in try session.query(SetupQueries.fillable, [user]).rows {
            var cells = ResultRow(row)
            fillable[try cells.text()] = try cells.flag()
        }
        var tables: [String: [TableAccess]] = [:]
        for row in try session.query(SetupQueries.tables, [user]).rows {
            var cells = ResultRow(row)
            let schema = try cells.text()
            tables[schema, default: []].append(
                TableAccess(
                    name: try cells.text(),
                    owner: try cells.text(),
                    isReadable: try cells.flag(),
                    hasReadableColumn: try cells.flag(),
                    isGrantable: try cells.flag(),
                    isOwnedByUs: try cells.flag()
                )
            )
        }
        let defaults = try session.query(SetupQueries.defaults, [user]).rows
        schemas = try session.query(SetupQueries.schemas, [user]).rows.map { row in
            var cells = ResultRow(row)
            let name = try cells.text()
            return SchemaAccess(
                name: name,
                isUsable: try cells.flag(),
                isGrantable: try cells.flag(),
                tables: tables[name] ?? [],
                openOwners: Set(
                    defaults.filter { $0.first == .some(nil) || $0.first == name }.compactMap { $0.last ?? nil }
                )
            )
        }
    }
}

extension SetupFacts {
    /// The same, for statements that somebody runs who may grant everything.
    var forAdministrator: SetupFacts {
        var facts = self
        for schema in facts.schemas.indices {
            facts.schemas[schema].isGrantable = true
            for table in facts.schemas[schema].tables.indices {
                facts.schemas[schema].tables[table].isGrantable = true
                facts.schemas[schema].tables[table].isOwnedByUs = true
            }
        }
        return facts
    }
}
