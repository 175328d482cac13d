import TandemCore
import TandemRows

/// Puts what was loaded in place, all of it in one transaction.
///
/// A copy that nobody has attached anything to is dropped, and the new one
/// takes its name. One that views, foreign keys, indexes or the like hang on
/// stays, and its rows become those of the new one (``Refill``).
struct Placement: Sendable {
    let copies: [SyncedTable]
    let retired: [TableName]
    let sync: String
    let loads: [TableName: StagingTable]
    let notify: @Sendable (String) -> Void

    /// - Parameter isPatient: Whether nobody waits meanwhile but for this.
    func run(in session: Session, isPatient: Bool) throws {
        for copy in copies where loads[copy.target] == nil {
            throw PostgresError.destination(session.endpoint, .notLoaded(copy.target))
        }
        for pause in isPatient ? LockWait.patientPauses : LockWait.pauses {
            do { return try attempt(in: session) } catch {
                let cause = (error as? TargetError)?.cause ?? error
                guard (cause as? PostgresError)?.isLockConflict == true else { throw error }
                notify("The new copies wait for whoever reads the old ones (\(error)).")
                try session.interruption.pause(milliseconds: pause)
            }
        }
        try attempt(in: session)
    }

    private func attempt(in session: Session) throws {
        try session.writing {
            try session.execute("SET LOCAL lock_timeout = \(LockWait.timeout)")
            let metadata = Metadata(session)
            try metadata.prepare()
            var loaded = copies.compactMap { loads[$0.target] }
            let names = copies.map(\.target) + retired + loaded.map(\.name)
            var relations = try Relations(names, in: session)
            try check(relations, loaded, metadata)
            try KeyNames.giveWay(to: copies.map(\.target), &relations, in: session)
            var earlier = Dictionary(try metadata.copies(of: sync).map { ($0.target, $0) }) { first, _ in first }
            let attachments = try lock(relations, in: session)
            var whole = copies
            for (index, load) in loaded.enumerated() {
                let old = copies[index].former(among: Array(earlier.values), retiring: retired, folding: .exact)
                let ours = old.flatMap { relations[$0.target]?.isOurs == true ? $0 : nil }
                let writer = MetadataColumnWriter(session: session, notify: notify)
                let completed = try PostgresError.about(load.table.target) {
                    try writer.complete(load, for: copies[index], after: ours)
                }
                loaded[index] = completed.load
                whole[index].rows += completed.rows
            }
            // What is attached to a table that was renamed at the source goes with it to its new name.
            try renameAttached(&relations, attachments, &earlier, in: session)
            try checkColumns(loaded, relations, attachments, in: session)
            let comments = try comments(on: loaded.map(\.table.target), relations, in: session)
            var places: [TableName: UInt32] = [:]
            let refills = loaded.filter { load in
                relations[load.table.target].map { !attachments.of($0.oid).isEmpty } ?? false
            }
            let kept = Set(refills.map(\.table.target))
            for load in loaded {
                let target = load.table.target
                places[target] = relations[kept.contains(target) ? target : load.name]?.oid
            }
            try swap(loaded.filter { !kept.contains($0.table.target) }, relations, attachments, in: session)
            let issues = try Refills(
                loads: refills,
                relations: relations,
                attachments: attachments,
                earlier: earlier
            ).run(in: session)
            for index in whole.indices { whole[index].issues += issues[whole[index].target] ?? [] }
            let statements = try Metadata.remembering(whole, retiring: retired, of: sync, as: places) + comments
            try session.execute((Metadata.forgetting(loads: loaded.map(\.name)) + statements).joined(separator: "; "))
        }
    }

    private func check(_ relations: Relations, _ loaded: [StagingTable], _ metadata: Metadata) throws {
        let endpoint = metadata.session.endpoint
        let owners = try metadata.owners()
        for copy in copies {
            try PostgresError.about(copy.target) {
                if let problem = relations.problem(of: copy.target) {
                    throw PostgresError.destination(endpoint, problem)
                }
                if let owner = owners[copy.target], owner != sync {
                    throw PostgresError.destination(endpoint, .otherSync(copy.target, sync: owner))
                }
            }
        }
        for load in loaded where relations[load.name]?.isOurs != true {
            throw TargetError(
                load.table.target,
                PostgresError.destination(endpoint, .notLoaded(load.table.target))
            )
        }
    }

    /// Our tables among those to replace or retire.
    private func olds(_ relations: Relations) -> [(name: TableName, relation: Relation)] {
        (copies.map(\.target) + retired).compactMap { name in
            relations[name].flatMap { $0.isOurs ? (name, $0) : nil }
        }
    }

    /// Locks every old copy that is going to be dropped, and returns what is attached to all of them.
    private func lock(_ relations: Relations, in session: Session) throws -> Attachments {
        let olds = olds(relations)
        let before = try Attachments(to: olds.map(\.relation.oid), in: session)
        let free = olds.filter { before.of($0.relation.oid).isEmpty }.map(\.name).sorted()
        guard !free.isEmpty else { return before }
        for name in free {
            try PostgresError.about(name) {
                try session.execute("LOCK TABLE \(SQL.name(name)) IN ACCESS EXCLUSIVE MODE")
            }
        }
        // Somebody may have attached something while this waited.
        return try Attachments(to: olds.map(\.relation.oid), in: session)
    }

    private func swap(
        _ loads: [StagingTable],
        _ relations: Relations,
        _ attachments: Attachments,
        in session: Session
    ) throws {
        let targets = loads.map(\.table.target)
        let gone = (targets + retired.filter { !targets.contains($0) }).filter { relations[$0]?.isOurs == true }
        let oids = gone.compactMap { relations[$0]?.oid }
        for name in retired {
            guard let relation = relations[name], relation.isOurs else { continue }
            let holders = attachments.of(relation.oid)
            guard holders.isEmpty else {
                let reason = "its source has another name now, under which there is a table already"
                throw TargetError(
                    name,
                    PostgresError.destination(session.endpoint, .held(name, by: holders, reason: reason))
                )
            }
        }
        let grants = try Grants(on: oids, in: session)
        let keys = try KeyNames(of: loads, dropping: oids, in: session)
        for name in gone { try PostgresError.about(name) { try session.execute("DROP TABLE \(SQL.name(name))") } }
        for load in loads {
            let target = load.table.target
            var statements: [String] = []
            statements += keys.renaming(load)
            statements.append("ALTER TABLE \(load.quoted) RENAME TO \(SQL.identifier(target.table))")
            if let old = relations[target] { statements += grants.statements(of: old.oid, on: target) }
            try PostgresError.about(target) { try session.execute(statements.joined(separator: "; ")) }
        }
    }

    /// Nothing of a user's is overwritten.
    private func checkColumns(
        _ loads: [StagingTable],
        _ relations: Relations,
        _ attachments: Attachments,
        in session: Session
    ) throws {
        for load in loads {
            let target = load.table.target
            guard let old = relations[target],
                let column = attachments.columns.clash(of: load.table.columnNames, in: old.oid)
            else { continue }
            throw TargetError(
                target,
                PostgresError.destination(session.endpoint, .userColumn(target, column: column))
            )
        }
    }

    /// What gives tables the comments that users gave those of the same names.
    private func comments(on targets: [TableName], _ relations: Relations, in session: Session) throws -> [String] {
        let oids = targets.compactMap { relations[$0].map { String($0.oid) } }
        guard !oids.isEmpty else { return [] }
        let question = """
            SELECT c.oid, pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c
            WHERE c.oid = ANY ($1::pg_catalog.oid[])
              AND coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') NOT LIKE '\(Metadata.mark)%'
            """
        let rows = try session.query(question, [SQL.array(oids)]).rows
        let texts = Dictionary(rows.map { ($0[0] ?? "", $0[1]) }) { first, _ in first }
        return targets.compactMap { target in
            guard let oid = relations[target]?.oid, let text = texts[String(oid)] else { return nil }
            return "COMMENT ON TABLE \(SQL.name(target)) IS \(text.map(SQL.literal) ?? "NULL")"
        }
    }

    private func renameAttached(
        _ relations: inout Relations,
        _ attachments: Attachments,
        _ earlier: inout [TableName: SyncedTable],
        in session: Session
    ) throws {
        for name in retired {
            guard let relation = relations[name], relation.isOurs, !attachments.of(relation.oid).isEmpty,
                let id = earlier[name]?.schema.id,
                let copy = copies.first(where: { $0.schema.id == id && relations[$0.target] == nil })
            else { continue }
            try PostgresError.about(copy.target) { try session.rename(name, to: copy.target) }
            relations.move(name, to: copy.target)
            earlier[copy.target] = earlier.removeValue(forKey: name)
        }
    }
}

extension Session {
    /// Gives a table another name, and another schema if need be. Inside a transaction.
    func rename(_ old: TableName, to new: TableName) throws {
        if !old.schema.isExactly(new.schema) {
            try makeSchema(new.schema)
            try execute("ALTER TABLE \(SQL.name(old)) SET SCHEMA \(SQL.identifier(new.schema))")
        }
        guard !old.table.isExactly(new.table) else { return }
        let moved = TableName(schema: new.schema, table: old.table)
        try execute("ALTER TABLE \(SQL.name(moved)) RENAME TO \(SQL.identifier(new.table))")
    }
}

extension PostgresError {
    /// Calls `body`, and says of what goes wrong there that it is about `target` alone, where it is.
    static func about<Value>(_ target: TableName, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as PostgresError where error.isConfined {
            // That the server has no room for more is not about the table that is next.
            if case .tooManyLocks = error { throw error }
            throw TargetError(target, error)
        }
    }
}
