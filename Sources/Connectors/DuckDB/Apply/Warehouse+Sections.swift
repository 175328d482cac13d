import TandemCore
import TandemRows

/// Tables that are loaded section by section: each is one INSERT and one commit, with what is known of the load then.
extension Warehouse {
    /// A load that is kept until it can be gone on with.
    struct KeptLoad {
        let name: TableName
        let load: SectionedLoad
    }

    func keptLoads() throws -> [KeptLoad] {
        if let kept { return kept }
        let found = try Metadata(session).keptLoads()
        kept = found
        return found
    }

    /// Drops the kept loads that `isUnwanted` says.
    func dropKept(_ isUnwanted: (SectionedLoad) -> Bool) throws {
        let unwanted = try keptLoads().filter { isUnwanted($0.load) }
        guard !unwanted.isEmpty else { return }
        try discard(unwanted.map { Shadow(target: $0.load.target, name: $0.name) })
    }

    /// Adds the next section to `load`.
    func load(_ rows: any TableRows, addingTo load: SectionedLoad) throws -> SectionedLoad {
        if load.loaded == 0 {
            try makeRoom(for: load.target)
            try refuseToCover(load.target, with: load.schema.columns.map(\.name))
        }
        let sampled = try SampledRows(rows)
        let shadow = try load.loaded == 0 ? makeShadow(of: load.target, load.schema) : shadow(of: load)
        var more = load
        kept = nil
        do {
            try insert(sampled, into: shadow) { stored in
                more = load.adding(rows.tally, rows: stored)
                try Metadata(self.session).note(more, of: shadow.name)
            }
            return more
        } catch {
            // What was noted is as whole as before.
            if load.loaded == 0 { try? discard([shadow]) }
            throw try again(error)
        }
    }

    private func shadow(of load: SectionedLoad) throws -> Shadow {
        guard let kept = try keptLoads().first(where: { $0.load.target == load.target && $0.load.sync == load.sync })
        else { throw DuckDBError.notLoaded(load.target) }
        return Shadow(target: load.target, name: kept.name, isKept: true)
    }

    /// Makes what was loaded ready to be published.
    ///
    /// - Returns: How many rows there are.
    func finish(_ load: SectionedLoad) throws -> Int {
        let shadow = try shadow(of: load)
        loads[SQL.fold(load.target)] = shadow
        guard load.spansSnapshots else { return load.rows }
        var pinned = PinnedMemory()
        pinned.note(shadow.name, columns: 0, removed: load.rows, of: load.rows)
        try session.allowMemory(atLeast: DuckDBConfig.standardMemoryLimit + pinned.bytes)
        while true {
            do {
                try removeEarlier(load.schema, in: shadow)
                break
            } catch {
                guard case DuckDBError.outOfMemory = error, try session.allowMoreMemory() else { throw error }
            }
        }
        let count = "SELECT count(*)::VARCHAR FROM \(session.quoted(shadow.name))"
        let rows = try session.texts(count, to: "count the rows of \(load.target)").first?.first.flatMap(\.self)
        return rows.flatMap { Int($0) } ?? load.rows
    }

    /// Of rows with the same key keeps the one that was loaded last.
    private func removeEarlier(_ schema: TableSchema, in shadow: Shadow) throws {
        let numbering = try RowNumbering(of: shadow.name, in: session)
        let keys = schema.identity.map { index in
            let column = schema.columns[index]
            return { (row: String) in column.keyed(row + SQL.identifier(numbering.column(column.name))) }
        }
        let list = keys.indices.map { "\(keys[$0]("")) AS k\($0)" }.joined(separator: ", ")
        let places = keys.indices.map { "\($0 + 1)" }.joined(separator: ", ")
        let isSame = keys.indices.map { "\(keys[$0]("kept.")) = twice.k\($0)" }.joined(separator: " AND ")
        let table = session.quoted(shadow.name)
        try session.transaction {
            _ = try numbering.reaching(in: session) {
                try session.run(
                    """
                    DELETE FROM \(table) AS kept USING (
                        SELECT \(list), max(rowid) AS _tandem_last FROM \(table) GROUP BY \(places) HAVING count(*) > 1
                    ) AS twice WHERE \(isSame) AND kept.rowid < twice._tandem_last
                    """,
                    [],
                    to: "remove rows that were loaded twice from \(shadow.target)"
                )
            }
        }
    }
}
