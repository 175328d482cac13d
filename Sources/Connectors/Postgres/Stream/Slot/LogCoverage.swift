import TandemCore
import TandemRows

/// What the log does not tell of tables that are in it: values of some columns, or some of their rows. Pure.
struct LogCoverage: Sendable {
    /// By table, then by the column's number: whether its values are stored, or computed where it is read.
    var generated: [UInt32: [Int: Bool]] = [:]
    /// For each stream that may read these tables, how it does.
    var readings: [Reading] = []
    var version = 0

    enum Reading: Hashable, Sendable {
        case wal2json
        /// The publications that are there of those that it names.
        case pgoutput([PublicationLimits])
    }

    /// `table`, with what of it does not come.
    func settle(_ table: CatalogTable) -> CatalogTable {
        guard case .usable(let note) = table.methods[.logBased] else { return table }
        var table = table
        if let name = filter(table.schema.oid) {
            let alter = "ALTER PUBLICATION \(SQL.identifier(name))"
            table.methods[.logBased] = .unusable(
                reason:
                    "The publication \"\(name)\" has a condition for its rows (WHERE): changes of others do not come.",
                remedy: Remedy(
                    "Publish it without the condition, which is done in one transaction; or use a publication of its own.",
                    sql: [
                        "BEGIN", "\(alter) DROP TABLE \(SQL.name(table.schema.name))",
                        "\(alter) ADD TABLE ONLY \(SQL.name(table.schema.name))", "COMMIT",
                    ]
                )
            )
            return table
        }
        let untold = table.schema.columns.compactMap { omission(of: $0, in: table) }
        guard !untold.isEmpty else { return table }
        table.untold[.logBased] = untold
        let names = untold.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let word = "Only without \(names): \(untold[0].reason)"
        table.methods[.logBased] = .usable(note: [note, word].compactMap(\.self).joined(separator: " "))
        return table
    }

    private func filter(_ table: UInt32) -> String? {
        for case .pgoutput(let publications) in readings {
            if let found = publications.first(where: { $0.filtered.contains(table) }) { return found.name }
        }
        return nil
    }

    private func omission(of column: ColumnSchema, in table: CatalogTable) -> OmittedColumn? {
        for reading in readings {
            guard let (reason, remedy) = lack(column.number, table.schema, reading) else { continue }
            return OmittedColumn(name: column.name, id: column.id, reason: reason, remedy: remedy)
        }
        return nil
    }

    /// Why values of a column do not come by `reading`.
    private func lack(_ column: Int, _ table: TableSchema, _ reading: Reading) -> (String, Remedy?)? {
        let isStored = generated[table.oid]?[column]
        guard isStored != false else { return ("what is computed when it is read is in no log.", nil) }
        guard case .pgoutput(let publications) = reading else { return nil }
        let list = publications.lazy.compactMap { publication in
            publication.columns[table.oid].map { (publication.name, $0) }
        }.first
        if let (name, columns) = list {
            guard !columns.contains(column) else { return nil }
            let remedy = Remedy(
                "publish the table without a list of columns.",
                sql: [
                    "BEGIN", "ALTER PUBLICATION \(SQL.identifier(name)) DROP TABLE \(SQL.name(table.name))",
                    "ALTER PUBLICATION \(SQL.identifier(name)) ADD TABLE ONLY \(SQL.name(table.name))", "COMMIT",
                ]
            )
            return ("the publication \"\(name)\" lists the columns that it sends, and not this one.", remedy)
        }
        guard isStored == true else { return nil }
        guard version >= 180_000 else {
            return ("pgoutput sends generated columns since Postgres 18 only.", Remedy("wal2json (`plugin`) sends it."))
        }
        guard let lacking = publications.first(where: { !$0.sendsGenerated }) else { return nil }
        return (
            "the publication \"\(lacking.name)\" does not send generated columns.",
            Remedy(
                "have it send them.",
                sql: ["ALTER PUBLICATION \(SQL.identifier(lacking.name)) SET (publish_generated_columns = stored)"]
            )
        )
    }
}

/// What a publication holds back of the tables that are in it.
struct PublicationLimits: Hashable, Sendable {
    var name: String
    /// Whether it sends what is computed from other columns and stored, where it lists no columns.
    var sendsGenerated = true
    /// The numbers of the columns that are sent, of tables for which they are listed.
    var columns: [UInt32: Set<Int>] = [:]
    /// Tables of which some rows are sent.
    var filtered: Set<UInt32> = []
}
