import TandemCore
import TandemRows

/// Small tables are summed up together at the destination, which may be a file that has to be opened for it.
extension Verification {
    /// The tables of a source, to be found by their copies.
    struct SourceTables {
        private let byID: [TableID: CatalogTable]
        private let byName: [TableName: CatalogTable]

        init(_ catalog: Catalog) {
            byID = Dictionary(catalog.tables.map { ($0.schema.id, $0) }) { first, _ in first }
            byName = Dictionary(catalog.tables.map { ($0.schema.name, $0) }) { first, _ in first }
        }

        /// The table that was copied, whatever it is called now.
        subscript(copy: SyncedTable) -> CatalogTable? {
            byID[copy.schema.id] ?? byName[copy.schema.name]
        }
    }

    /// Tables, and rows of them, that are summed up together at most.
    private static let groupTables = 100
    private static let groupRows = 200_000

    /// The first of `copies`, at least one.
    ///
    /// - Parameter count: How many there are in all. The file is opened for each group, which costs more the more there
    ///   are.
    static func group(_ copies: ArraySlice<SyncedTable>, of count: Int) -> ArraySlice<SyncedTable> {
        var rows = 0
        let limit = max(groupTables, count / 10)
        let end = copies.prefix(limit).firstIndex { copy in
            rows += copy.rows
            return rows > groupRows
        }
        return copies.prefix(max(1, min(limit, (end ?? copies.endIndex) - copies.startIndex)))
    }

    /// The destination's sums of small tables, as far as it can take them.
    func sums(of group: some Collection<SyncedTable>, _ tables: SourceTables) async throws -> [TableName: TableSum] {
        guard group.count > 1 else { return [:] }
        let wanted = group.compactMap { copy -> (copy: SyncedTable, schema: TableSchema)? in
            guard let table = tables[copy],
                let columns = try? ComparedColumns(
                    of: copy,
                    table,
                    isChosen: { isChosen($0, table, copy.target) }
                ),
                TableSum.covers(columns.source)
            else { return nil }
            return (copy, columns.destination)
        }
        do {
            let sums = try await destination.sums(of: wanted)
            return Dictionary(zip(wanted, sums).compactMap { wanted, sum in sum.map { (wanted.copy.target, $0) } }) {
                first,
                _ in first
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // What is wrong with one of them is said when it is looked at by itself.
            return [:]
        }
    }
}
