import TandemRows

/// Asks for what triggers have noted. Everything but ``begin(locking:)`` sees the snapshot of the session's
/// transaction.
struct TriggerLogs {
    private let session: Session

    init(_ session: Session) { self.session = session }

    /// What is new of a table.
    struct News: Sendable {
        var table: UInt32
        /// The snapshots whose transactions are known: what they show does not count.
        var known: [String]
        var hasRows: Bool
        /// Whether all of its rows went, before others came.
        var isEmptied: Bool
    }

    /// How the rows of a table are noted.
    struct Log: Sendable {
        /// The numbers of the key's columns; the log has arrays of them as `k1`, `k2`, …
        var key: [Int]
        /// Whether values of the key that are equal are the same to the last bit.
        var isExact: Bool
        var isPartitioned: Bool
        /// By which its index tells values of each column apart; empty where that is gone.
        var operators: [String]
    }

    // MARK: The moment

    /// Begins a transaction of one snapshot, and keeps `tables` from being changed otherwise than by writing rows until
    /// it ends. The snapshot is taken with what is asked next: whatever was done to them before is in it.
    ///
    /// One that is gone is passed over.
    ///
    /// - Returns: Those that others keep locked.
    func begin(locking tables: Set<UInt32>) throws -> Set<UInt32> {
        // Names are looked up in a transaction of their own, which leaves this one without a snapshot.
        let names = try names(of: tables)
        try session.begin(.snapshot)
        return try lock(names)
    }

    /// Keeps `tables` from being changed otherwise than by writing rows, until the transaction ends.
    ///
    /// - Returns: Those that others keep locked.
    func lock(_ tables: Set<UInt32>) throws -> Set<UInt32> { try lock(try names(of: tables)) }

    private func lock(_ names: [UInt32: TableName]) throws -> Set<UInt32> {
        guard !names.isEmpty else { return [] }
        func lock(_ tables: [TableName]) throws -> Bool {
            let list = tables.map { SQL.name($0) }.joined(separator: ", ")
            do {
                try session.execute("SAVEPOINT tandem; LOCK TABLE \(list) IN ACCESS SHARE MODE")
                return true
            } catch PostgresError.lockTimeout {
                try session.execute("ROLLBACK TO SAVEPOINT tandem")
                return false
            }
        }
        try session.execute(LockRetry.timeout())
        var blocked: Set<UInt32> = []
        if try !lock(names.values.sorted()) {
            for (table, name) in names.sorted(by: { $0.key < $1.key }) where try !lock([name]) { blocked.insert(table) }
        }
        try session.execute("SET LOCAL lock_timeout = '10s'")
        return blocked
    }

    private func names(of tables: Set<UInt32>) throws -> [UInt32: TableName] {
        let question = """
            SELECT c.oid, n.nspname, c.relname
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relkind IN ('r', 'p')
            """
        guard !tables.isEmpty else { return [:] }
        let list = "{" + tables.map(String.init).joined(separator: ",") + "}"
        var names: [UInt32: TableName] = [:]
        for cells in try session.query(question, [list]).rows {
            guard cells.count == 3, let number = cells[0].flatMap({ UInt32($0) }), let schema = cells[1],
                let table = cells[2]
            else { throw PostgresError.malformed(session.endpoint, what: "a row of its catalog") }
            names[number] = TableName(schema: schema, table: table)
        }
        return names
    }

    /// The snapshot's text; a transaction that it does not show; the time.
    func moment() throws -> (snapshot: String, next: UInt32, time: Double) {
        let question = "SELECT pg_catalog.txid_current_snapshot(), extract(epoch FROM pg_catalog.now())"
        guard let row = try session.query(question).rows.first, row.count == 2, let text = row[0],
            let visibility = SnapshotVisibility(text), let time = row[1].flatMap({ Double($0) })
        else { throw PostgresError.malformed(session.endpoint, what: "the description of its snapshot") }
        return (text, UInt32(truncatingIfNeeded: visibility.next), time)
    }

    // MARK: What is new

    /// Of which tables something was noted by transactions that `reached` does not show, nor the table's copy.
    func news(of tables: [FollowedLog], after reached: TriggerCheckpoint) throws -> [News] {
        var news: [News] = []
        // A statement that is too long would cost more to plan than to run.
        for part in stride(from: 0, to: tables.count, by: 100).map({ tables[$0..<min($0 + 100, tables.count)] }) {
            let questions = part.map { table in
                let unknown = Self.unknown([reached.reached(table.table), table.copied])
                let log = TriggerNames.log(table.table)
                return """
                    SELECT \(table.table), EXISTS (SELECT FROM \(log) WHERE kind = 'r' AND \(unknown)),
                      EXISTS (SELECT FROM \(log) WHERE kind = 't' AND \(unknown))
                    """
            }
            for cells in try session.query(questions.joined(separator: " UNION ALL ")).rows {
                guard cells.count == 3, let number = cells[0].flatMap({ UInt32($0) }),
                    let table = part.first(where: { $0.table == number })
                else { throw PostgresError.malformed(session.endpoint, what: "what its logs hold") }
                let (hasRows, isEmptied) = (cells[1] == "t", cells[2] == "t")
                guard hasRows || isEmptied else { continue }
                let known = [reached.reached(number), table.copied]
                news.append(News(table: number, known: known, hasRows: hasRows, isEmptied: isEmptied))
            }
        }
        return news
    }

    /// Tables of which changes are missing, with what follows "because".
    func gaps(of tables: [FollowedLog], after reached: String) throws -> [UInt32: String] {
        let question = """
            SELECT relation, reason, xid FROM \(TriggerNames.gaps) WHERE \(Self.unknown([reached])) ORDER BY noted
            """
        var gaps: [UInt32: String] = [:]
        for cells in try session.query(question).rows {
            guard cells.count == 3, let number = cells[0].flatMap({ UInt32($0) }), let reason = cells[1],
                let xid = cells[2].flatMap({ UInt64($0) })
            else { throw PostgresError.malformed(session.endpoint, what: "a row of \(TriggerNames.gaps)") }
            guard let table = tables.first(where: { $0.table == number }), gaps[number] == nil,
                SnapshotVisibility(table.copied)?.shows(UInt32(truncatingIfNeeded: xid)) != true
            else { continue }
            gaps[number] = "not all of its changes could be noted: " + reason.sentencePart
        }
        return gaps
    }

    /// The condition that none of `snapshots` shows the transaction that wrote a row of a log.
    static func unknown(_ snapshots: [String]) -> String {
        var seen: Set<String> = []
        return snapshots.filter { seen.insert($0).inserted }.map { snapshot in
            "NOT pg_catalog.txid_visible_in_snapshot(xid, \(SQL.literal(snapshot))::pg_catalog.txid_snapshot)"
        }.joined(separator: " AND ")
    }

    // MARK: Rows

    /// `nil` where nothing notes the table any more.
    func log(of table: UInt32) throws -> Log? {
        // Whole numbers, dates, times, uuids; text under the collations that every database has.
        let question = """
            SELECT pg_catalog.array_to_string(c.key_columns, ' '), t.relkind = 'p', (
              SELECT bool_and(a.atttypid IN (16, 20, 21, 23, 26, 1082, 1083, 1114, 1184, 2950)
                OR a.atttypid IN (25, 1043) AND a.attcollation IN (100, 950, 951))
              FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.relation AND a.attnum = ANY (c.key_columns)), (
              SELECT pg_catalog.json_agg('OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'
                ORDER BY k.place)
              FROM pg_catalog.pg_index i,
                pg_catalog.unnest(i.indclass::pg_catalog.oid[]) WITH ORDINALITY AS k (class, place)
                JOIN pg_catalog.pg_opclass s ON s.oid = k.class
                JOIN pg_catalog.pg_amop m ON m.amopfamily = s.opcfamily AND m.amopstrategy = 3 /* equal */
                  AND m.amoplefttype = s.opcintype AND m.amoprighttype = s.opcintype
                JOIN pg_catalog.pg_operator o ON o.oid = m.amopopr
                JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
              WHERE i.indexrelid = c.key_index)
            FROM \(TriggerNames.captures) c JOIN pg_catalog.pg_class t ON t.oid = c.relation
            WHERE c.relation = $1::pg_catalog.oid
            """
        guard let row = try session.query(question, [String(table)]).rows.first, row.count == 4, let key = row[0] else {
            return nil
        }
        return Log(
            key: key.split(separator: " ").compactMap { Int($0) },
            isExact: row[2] == "t",
            isPartitioned: row[1] == "t",
            operators: row[3].map(CaptureStates.list) ?? []
        )
    }

    /// Starts to read the keys that were noted, each with the row that stands under it now, if one does.
    func beginRows(of relation: StreamRelation, _ log: Log, _ news: News) throws {
        let keys = log.key.indices.map(TriggerNames.keyColumn)
        let names = log.key.compactMap { number in relation.columns.first { $0.number == number }?.name }
        // Those of an extension's type are not in the path.
        let operators = log.operators.count == keys.count ? log.operators : keys.map { _ in "=" }
        let same = zip(zip(keys, names), operators).map { "t.\(SQL.identifier($0.1)) \($1) l.\($0.0)" }
            .joined(separator: " AND ")
        let columns = relation.columns.map { "t.\(SQL.identifier($0.name))" }
        let table = SQL.name(TableName(schema: relation.schema, table: relation.name))
        // Of a table that others inherit from, only its own rows.
        let only = log.isPartitioned ? "" : "ONLY "
        try session.beginCopy(
            """
            COPY (SELECT \((keys.map { "l.\($0)" } + columns).joined(separator: ", "))
              FROM (SELECT \(log.isExact ? "DISTINCT " : "")\(keys.map { "n.\($0)" }.joined(separator: ", "))
                FROM \(TriggerNames.log(news.table)) AS l, \(TriggerNames.keys(keys.count))
                WHERE l.kind = 'r' AND \(Self.unknown(news.known))) AS l
              LEFT JOIN \(only)\(table) AS t ON \(same)) TO STDOUT
            """,
            isBinary: false
        )
    }
}

extension String {
    /// A sentence without its end, in the middle of another.
    fileprivate var sentencePart: String {
        let text = hasSuffix(".") ? String(dropLast()) : self
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
