import CDuckDB
import TandemCore
import TandemRows

/// A warehouse file open for writing.
final class Warehouse {
    let session: Session
    private let feed = RowFeed()
    private let config: DuckDBConfig
    private let notify: @Sendable (String) -> Void
    /// What was loaded and waits to be published, by the folded name of its target.
    var loads: [TableName: Shadow]
    /// Small tables that were read, and are written together.
    var held: [HeldLoad]
    /// What of those could not be written, though others could: told of each by itself.
    var failed: [TableName: any ExplainedError] = [:]
    /// What has been loaded in sections, as long as that stays the same.
    var kept: [KeptLoad]?
    /// What has which name, as far as this warehouse has made and dropped it; looked at anew to publish.
    var names: TableNames
    /// The folded names of the schemas there are.
    private var schemas: Set<TableName> = []
    /// What users have made, of the file as it was opened: nobody else writes to it meanwhile.
    private var userParts: UserParts?

    /// A table on its way to become `target`.
    struct Shadow {
        let target: TableName
        let name: TableName
        /// Whether it was loaded in sections, and is kept until it is published or not wanted any more.
        var isKept = false
    }

    /// - Parameters:
    ///   - loads: What was loaded already, before the file was closed and opened again.
    ///   - held: What was read by then, and is not written yet.
    init(
        _ session: Session,
        config: DuckDBConfig,
        loads: [TableName: Shadow] = [:],
        held: [HeldLoad] = [],
        notify: @escaping @Sendable (String) -> Void
    ) throws {
        self.notify = notify
        self.held = held
        self.session = session
        self.config = config
        self.loads = loads
        names = TableNames()
        try session.withConnection { try feed.register(with: $0) }
        try Metadata(session).prepare()
        if session.file.isFirst { try sweep() }
        names = try TableNames(of: session)
        schemas = Set(try WarehouseCatalog(session).schemas().map(Self.folded))
        // A row group at a time goes to disk, instead of five: memory for nothing.
        try session.run("SET write_buffer_row_group_count = 1", to: "prepare to load")
        if config.memoryLimit == nil { try keepBlocks() }
    }

    /// Lets DuckDB keep most of its memory for blocks, which it otherwise gets from the system anew for each row group.
    /// Versions before 1.5 cannot.
    private func keepBlocks() throws {
        let setting = "block_allocator_memory"
        let known = "SELECT name FROM duckdb_settings() WHERE name = \(SQL.literal(setting))"
        guard try !session.texts(known, to: "look for a setting").isEmpty else { return }
        let kibibytes = DuckDBConfig.standardMemoryLimit / 8 * 5 / 1024
        try session.run("SET \(setting) = '\(kibibytes)KiB'", to: "prepare to load")
    }

    /// Drops what runs that were killed had loaded, and nobody can go on with.
    private func sweep() throws {
        let kept = try Set(loads.values.map(\.name) + keptLoads().map(\.name))
        try drop(loads: Metadata(session).loads().filter { !kept.contains($0) })
        try dropMadeSchemas()
    }

    /// Drops the schemas that were made for loads which came to nothing, where they are empty.
    private func dropMadeSchemas() throws {
        for schema in try Metadata(session).madeSchemas() where try WarehouseCatalog(session).isEmpty(schema: schema) {
            // What else than tables and views there may be in it, keeps it.
            guard (try? session.run("DROP SCHEMA \(session.quoted(schema: schema))", to: "drop \(schema)")) != nil
            else { continue }
            try Metadata(session).forgetMade(schemas: [schema])
            schemas.remove(Self.folded(schema))
        }
    }

    func drop(_ table: TableName) throws {
        try session.run("DROP TABLE IF EXISTS \(session.quoted(table))", to: "drop \(table)")
        names[table] = nil
    }

    /// Forgets what was loaded for `targets`, and drops what of it is not kept.
    func discard(_ targets: [TableName]) throws {
        let names = Set(targets.map(SQL.fold))
        held.removeAll { names.contains($0.name) }
        failed = failed.filter { !names.contains($0.key) }
        let shadows = names.compactMap { loads.removeValue(forKey: $0) }
        try discard(shadows.filter { !$0.isKept })
    }

    func discard(_ shadows: [Shadow]) throws {
        try drop(loads: shadows.map(\.name))
        for shadow in shadows { loads[SQL.fold(shadow.target)] = nil }
        try dropMadeSchemas()
    }

    /// Drops tables that were loaded, all in one transaction.
    private func drop(loads tables: [TableName]) throws {
        kept = nil
        guard !tables.isEmpty else { return }
        try session.transaction {
            for table in tables { try drop(table) }
            try Metadata(session).forgetLoads(tables)
        }
    }

    /// Asked for only where there is a copy to be replaced.
    private func madeByUsers(at tables: [TableName]) throws -> UserParts {
        guard tables.contains(where: { names[$0] == .ours }) else { return UserParts() }
        if let userParts { return userParts }
        let found = try UserParts(in: session)
        userParts = found
        return found
    }

    /// - Throws: If a user's column has the name of one that is to come.
    func refuseToCover(_ target: TableName, with columns: [String]) throws {
        guard let column = try madeByUsers(at: [target]).clash(of: columns, in: target) else { return }
        throw DuckDBError.userColumn(target, column: column)
    }

    /// Loads `rows` beside `target`, and returns how many there were.
    func load(_ rows: any TableRows, into target: TableName) throws -> Int {
        try makeRoom(for: target)
        try refuseToCover(target, with: rows.schema.columns.map(\.name))
        let rows = try SampledRows(rows)
        if let small = rows.small, let count = try hold(small, for: target) { return count }
        let shadow = try makeShadow(of: target, rows.schema)
        loads[SQL.fold(target)] = shadow
        do {
            return try insert(rows, into: shadow)
        } catch {
            // The first error is the one to know; what cannot be dropped now is swept when the file is next opened.
            try? discard([shadow])
            throw try again(error)
        }
    }

    /// Drops what was loaded for `target`, which is to be loaded again.
    func makeRoom(for target: TableName) throws {
        let name = SQL.fold(target)
        if let other = loads[name]?.target ?? held.first(where: { $0.name == name })?.target, other != target {
            throw DuckDBError.sameTarget(other, target)
        }
        held.removeAll { $0.name == name }
        failed[name] = nil
        if let other = loads[name] { try discard([other]) }
        try dropKept { $0.target == target }
        try names.refuseToReplace(target)
    }

    /// What is to be thrown where a load has failed with `error`.
    func again(_ error: any Error) throws -> any Error {
        guard case DuckDBError.outOfMemory = error, try session.allowMoreMemory() else { return error }
        return LoadAgain(because: "its rows need more memory: up to \(session.memoryLimit) from now on")
    }

    func makeShadow(of target: TableName, _ schema: TableSchema) throws -> Shadow {
        let name = names.freeName("_tandem_load_" + target.table, in: target.schema)
        try session.transaction {
            var made: Set<TableName> = []
            try make(name, for: target, schema, &made)
            try Metadata(session).rememberLoads([name])
        }
        return noteShadow(name, of: target)
    }

    /// Makes a table to be loaded, in an open transaction.
    ///
    /// - Parameter made: The schemas that were made in this transaction, by their folded names.
    func make(_ name: TableName, for target: TableName, _ schema: TableSchema, _ made: inout Set<TableName>) throws {
        let table = session.quoted(name)
        let folded = Self.folded(target.schema)
        if !schemas.contains(folded), made.insert(folded).inserted {
            try session.run(
                "CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema: target.schema))",
                to: "make schema \(target.schema)"
            )
            try Metadata(session).rememberMade(schema: target.schema)
        }
        try session.run("CREATE TABLE \(table) \(SQL.definition(schema))", to: "make a table for \(target)")
        try session.run("COMMENT ON TABLE \(table) IS \(SQL.literal(WarehouseCatalog.mark))", to: "mark \(target)")
    }

    /// A schema, as no table is called.
    private static func folded(_ schema: String) -> TableName { SQL.fold(TableName(schema: schema, table: "")) }

    /// Notes a table that was made, and is there for good.
    @discardableResult
    func noteShadow(_ name: TableName, of target: TableName) -> Shadow {
        names[name] = .ours
        schemas.insert(Self.folded(target.schema))
        return Shadow(target: target, name: name)
    }

    /// - Parameter note: Called in the same transaction with how many rows there were.
    @discardableResult
    func insert(
        _ rows: SampledRows,
        into shadow: Shadow,
        noting note: ((Int) throws -> Void)? = nil
    ) throws -> Int {
        guard !rows.isEmpty else {
            try note?(0)
            return 0
        }
        let settings = LoadSettings(for: rows.schema, readers: rows.readers, rows.compression, config)
        if let needed = settings.memory { try session.allowMemory(atLeast: needed) }
        try session.run(settings.sql, to: "prepare to load")
        // Were it not to succeed: the next load makes settings of its own.
        defer { try? session.run(LoadSettings.reset, to: "end loading") }
        guard let note else { return try store(rows, in: shadow) }
        var stored = 0
        try session.transaction {
            stored = try store(rows, in: shadow)
            try note(stored)
        }
        return stored
    }

    /// Inserts `rows`, in one statement.
    ///
    /// - Returns: How many there were.
    func store(_ rows: any TableRows, in shadow: Shadow) throws -> Int {
        let table = session.quoted(shadow.name)
        let types = try Statement("SELECT * FROM \(table) LIMIT 0", in: session, to: "read the types").stream()
            .columnTypes
        var stored = 0
        let sent = try feed.deliver(.init(rows: rows, types: types)) {
            stored = try session.run("INSERT INTO \(table) FROM \(feed.name)()", [], to: "load \(shadow.target)")
        }
        guard sent == stored else { throw DuckDBError.miscounted(shadow.target, sent: sent, stored: stored) }
        return stored
    }

    /// Puts the loads of `copies` in place, in one transaction, and makes it durable.
    ///
    /// - Returns: What is to be said of what users had made at the old ones.
    func publish(_ copies: [SyncedTable], retiring retired: [TableName], of sync: String) throws -> [String] {
        try writeHeld()
        for copy in copies {
            if let error = failed[SQL.fold(copy.target)] { throw TargetError(copy.target, error) }
        }
        let shadows = try copies.map { copy in
            guard let shadow = loads[SQL.fold(copy.target)] else { throw DuckDBError.notLoaded(copy.target) }
            return shadow
        }
        let parts = try madeByUsers(at: copies.map(\.target) + retired)
        let heirs = try heirs(of: parts, among: copies, retiring: retired)
        let isKnowing = copies.contains { !$0.metadataColumns.isEmpty } || heirs.contains { !$0.parts.columns.isEmpty }
        let earlier = try isKnowing ? Metadata(session).copies(of: sync) : []
        var notes: [String] = []
        // Also where it fails, because what was dropped is there again then.
        defer { names = (try? TableNames(of: session)) ?? names }
        try session.transaction {
            names = try TableNames(of: session)
            for target in copies.map(\.target) { try names.refuseToReplace(target) }
            let copies = try zip(copies, shadows).map { copy, shadow in
                try complete(copy, at: shadow.name, after: earlier, retired)
            }
            for heir in heirs {
                let writer = UserPartWriter(parts: heir.parts, session: session)
                let copy = copies[heir.index]
                do {
                    notes += try writer.complete(shadows[heir.index].name, for: copy, after: heir.old)
                } catch let error as DuckDBError { throw TargetError(copy.target, error) }
            }
            for table in copies.map(\.target) + retired where names[table] == .ours { try drop(table) }
            for shadow in shadows {
                try session.run(
                    "ALTER TABLE \(session.quoted(shadow.name)) RENAME TO \(SQL.identifier(shadow.target.table))",
                    to: "put \(shadow.target) in place"
                )
            }
            kept = nil
            try Metadata(session).forgetLoads(shadows.map(\.name))
            try Metadata(session).forgetMade(schemas: shadows.map(\.name.schema))
            try Metadata(session).remember(copies, retiring: retired, of: sync)
        }
        for shadow in shadows { loads[SQL.fold(shadow.target)] = nil }
        for heir in heirs {
            notes += UserPartWriter(parts: heir.parts, session: session).index(copies[heir.index].target)
        }
        userParts = nil
        return notes
    }

    /// Which copies are to have what users have made at those that they take the places of.
    private func heirs(
        of parts: UserParts,
        among copies: [SyncedTable],
        retiring retired: [TableName]
    ) throws -> [(index: Int, old: TableName, parts: UserParts.Parts)] {
        var left = retired
        let heirs = try copies.enumerated().compactMap { index, copy -> (Int, TableName, UserParts.Parts)? in
            let former = retired.first { parts[$0]?.schema.id == copy.schema.id }
            let old = names[copy.target] == .ours ? copy.target : former ?? copy.target
            left.removeAll { $0 == old }
            guard names[old] == .ours, let made = parts[old] else { return nil }
            if let column = parts.clash(of: copy.columnNames, in: old) {
                throw TargetError(copy.target, DuckDBError.userColumn(old, column: column))
            }
            return (index, old, made)
        }
        for name in left {
            guard let column = parts[name]?.columns.first, names[name] == .ours else { continue }
            throw TargetError(name, DuckDBError.userColumnGoes(name, column: column.name))
        }
        return heirs
    }

    /// Gives what was loaded the columns of Tandem's own that it is to have, and the rows that stay although they are
    /// gone.
    private func complete(
        _ copy: SyncedTable,
        at load: TableName,
        after earlier: [SyncedTable],
        _ retired: [TableName]
    ) throws -> SyncedTable {
        let writer = MetadataColumnWriter(table: load, session: session, notify: notify)
        try writer.add(copy.metadataColumns)
        let old = copy.former(among: earlier, retiring: retired, folding: SQL.folding)
        guard copy.metadataColumns.contains(.deletedAt), let old, names[old.target] == .ours else { return copy }
        var whole = copy
        whole.rows += try writer.carryOver(from: old, to: copy)
        return whole
    }

    /// Writes the log into the file, which also frees the room of what was dropped.
    func checkpoint() throws { try session.run("CHECKPOINT \(SQL.identifier(session.catalog))", to: "write the file") }

    /// Gives the disk back what a load that failed had taken, which DuckDB does only in a file opened anew, and only
    /// if there is something to be written.
    func shrink() throws {
        try Metadata(session).rememberMade(schema: Metadata.schema)
        try Metadata(session).forgetMade(schemas: [Metadata.schema])
        try checkpoint()
    }
}
