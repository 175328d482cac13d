import TandemCore
import TandemRows

extension LogCoverage {
    /// Asks `session` what the log does not tell of `tables`, for every sync that may follow them.
    static func settle(
        _ tables: [CatalogTable],
        _ session: Session,
        config: PostgresConfig,
        context: ConnectionContext
    ) throws -> [CatalogTable] {
        let possible = tables.filter { if case .usable = $0.methods[.logBased] { true } else { false } }
        guard !possible.isEmpty else { return tables }
        var coverage = LogCoverage(version: session.capabilities.version)
        do {
            coverage.readings = try readings(session, config: config, context: context)
            if session.capabilities.hasGeneratedColumns { coverage.generated = try generated(possible, session) }
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
        }
        return tables.map(coverage.settle)
    }

    private static func generated(_ tables: [CatalogTable], _ session: Session) throws -> [UInt32: [Int: Bool]] {
        let sql = """
            SELECT a.attrelid, a.attnum, a.attgenerated = 's' FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attgenerated <> '' AND NOT a.attisdropped
            """
        let ids = "{" + tables.map { String($0.schema.oid) }.joined(separator: ",") + "}"
        var found: [UInt32: [Int: Bool]] = [:]
        for cells in try session.query(sql, [ids]).rows {
            var row = ResultRow(cells)
            let table = try row.number(UInt32.self)
            let column = try row.number(Int.self)
            found[table, default: [:]][column] = try row.flag()
        }
        return found
    }

    private static func readings(
        _ session: Session,
        config: PostgresConfig,
        context: ConnectionContext
    ) throws -> [Reading] {
        let slots = try SlotFacts.all(session)
        let facts = try CatalogReader(session).facts()
        let syncs = context.syncs.isEmpty ? [""] : context.syncs
        let names = syncs.map {
            LogReview.slotName(for: $0, slots: slots, config: config, context: context, facts: facts)
        }
        var readings: Set<Reading> = []
        for name in Set(names).sorted() {
            let slot = slots.first { $0.name == name }
            guard LogReview.plugin(of: slot, config, session.capabilities) == .pgoutput else {
                readings.insert(.wal2json)
                continue
            }
            let ours = SlotName.publication(for: name)
            let publications = config.publication.map { [$0] } ?? [ours.all, ours.appends]
            readings.insert(.pgoutput(try PublicationLimits.all(publications, session)))
        }
        return readings.sorted { "\($0)" < "\($1)" }
    }
}

extension PublicationLimits {
    /// Those of `names` that there are.
    static func all(_ names: [String], _ session: Session) throws -> [PublicationLimits] {
        let version = session.capabilities.version
        guard version >= 150_000 else { return [] }
        let generated = version >= 180_000 ? "p.pubgencols = 's'" : "false"
        let sql = """
            SELECT p.pubname, \(generated), r.prrelid, r.prattrs, r.prqual IS NOT NULL
            FROM pg_catalog.pg_publication p LEFT JOIN pg_catalog.pg_publication_rel r
              ON r.prpubid = p.oid AND (r.prattrs IS NOT NULL OR r.prqual IS NOT NULL)
            WHERE p.pubname = $1 ORDER BY r.prrelid
            """
        var found: [PublicationLimits] = []
        for name in names {
            for cells in try session.query(sql, [name]).rows {
                var row = ResultRow(cells)
                let limits = PublicationLimits(name: try row.text(), sendsGenerated: try row.flag())
                if found.last?.name != name { found.append(limits) }
                guard let table = try row.optionalNumber(UInt32.self) else { continue }
                if let list = try row.optional() {
                    found[found.count - 1].columns[table] = Set(list.split(separator: " ").compactMap { Int($0) })
                }
                if try row.flag() { found[found.count - 1].filtered.insert(table) }
            }
        }
        return found
    }
}
