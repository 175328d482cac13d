package import TandemCore
import TandemRows

/// Which columns a sync's configuration keeps out, under the names that it knows and under those they have by now.
///
/// An exclusion means the column that it has kept out, until it is taken out of the configuration itself.
package struct Exclusions: Sendable {
    private let sync: SyncConfiguration
    private let origin: String
    private let known: Set<ExcludedColumn>
    private let byTable: [TableID: [ExcludedColumn]]

    /// - Parameters:
    ///   - origin: The source's database.
    ///   - made: What the destination remembers of the sync.
    package init(of sync: SyncConfiguration, in origin: String?, made: [MadeObject]) {
        self.sync = sync
        self.origin = origin ?? ""
        known = Set(made.compactMap(ExcludedColumn.init))
        byTable = Dictionary(grouping: known, by: \.table)
    }

    package init(of sync: SyncConfiguration, from source: any Source, made: [MadeObject]) async throws {
        let isConcerned = sync.hasExclusions || made.contains { $0.kind == .exclusion }
        self.init(of: sync, in: isConcerned ? try await source.origin() : nil, made: made)
    }

    /// The columns of `table` that are kept out, also those that cannot be read now.
    ///
    /// - Parameters:
    ///   - name: What the configuration calls the table.
    ///   - rule: What it says of its columns.
    func columns(
        of table: CatalogTable,
        called name: TableName,
        by rule: ColumnRule?
    ) -> [ColumnID: ExcludedColumn] {
        // Whoever names what is copied has said which names.
        if case .only = rule { return [:] }
        guard rule != nil || byTable[table.schema.id] != nil else { return [:] }
        let held = held(in: table, called: name)
        var excluded: [ColumnID: ExcludedColumn] = [:]
        for (id, column) in table.allColumns {
            if let former = held[id] {
                excluded[id] = former
            } else if rule?.includes(column) == false {
                excluded[id] = ExcludedColumn(
                    origin: origin,
                    table: table.schema.id,
                    column: id,
                    tableName: name,
                    name: column
                )
            }
        }
        return excluded
    }

    /// Whether a column is copied.
    func includes(_ column: ColumnSchema, of table: CatalogTable, called name: TableName) -> Bool {
        let rule = TableSelection(of: name, in: sync).columnRule?.columns
        return rule?.includes(column.name) ?? true && columns(of: table, called: name, by: rule)[column.id] == nil
    }

    /// Those that were excluded before, and still would be under the names that they and their table had then.
    private func held(in table: CatalogTable, called name: TableName) -> [ColumnID: ExcludedColumn] {
        var held: [ColumnID: ExcludedColumn] = [:]
        for var former in byTable[table.schema.id] ?? [] where stands(former) {
            if former.origin != origin {
                // A server that was upgraded or restored has its tables under the same numbers, a database that was
                // filled from a dump may have others under them.
                guard former.tableName == name, held[former.column] == nil else { continue }
                guard !table.allColumns.contains(where: { $0.name == former.name }) else { continue }
                former.origin = origin
            }
            held[former.column] = former
        }
        return held
    }

    /// Names by which columns were kept out of an earlier table of this name, and that no column has now.
    func missing(
        in table: CatalogTable,
        called name: TableName,
        without excluded: [ColumnID: ExcludedColumn]
    ) -> [String] {
        guard !known.isEmpty else { return [] }
        let names = Set(table.allColumns.map(\.name)).union(excluded.values.map(\.name))
        let earlier = known.filter { former in
            former.tableName == name && (former.table, former.origin) != (table.schema.id, origin) && stands(former)
        }
        return Set(earlier.map(\.name)).subtracting(names).sorted()
    }

    private func stands(_ former: ExcludedColumn) -> Bool {
        guard case .except(let patterns) = TableSelection(of: former.tableName, in: sync).columnRule?.columns else {
            return false
        }
        return patterns.contains { $0.matches(former.name) }
    }

    /// What the destination is to learn.
    ///
    /// - Parameters:
    ///   - excluded: What is kept out by now.
    ///   - planned: The tables that this is known of. What is not selected now, or is not there, may come back.
    func changes(
        to excluded: Set<ExcludedColumn>,
        of planned: Set<TableID>
    ) -> (made: [MadeObject], gone: [MadeObject]) {
        let gone = known.subtracting(excluded).filter { former in
            planned.contains(former.table) && (former.origin == origin || !stands(former))
        }
        return (
            made: excluded.subtracting(known).map { $0.object(of: sync) }.sorted { $0.name < $1.name },
            gone: gone.map { $0.object(of: sync) }
        )
    }
}

extension CatalogTable {
    /// The ids and names of its columns, also of those that cannot be read.
    fileprivate var allColumns: [(id: ColumnID, name: String)] {
        schema.columns.map { ($0.id, $0.name) } + omitted.map { ($0.id, $0.name) }
    }
}

extension SyncConfiguration {
    /// Whether columns are excluded of any table.
    package var hasExclusions: Bool {
        tables.contains { if case .except = $0.columns { true } else { false } }
    }
}
