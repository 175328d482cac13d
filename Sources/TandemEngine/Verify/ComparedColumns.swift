import TandemCore
import TandemRows

/// A column that was not compared, and why.
package struct UncomparedColumn: Hashable, Sendable {
    package var name: String
    /// What comes after its name in a sentence.
    package var reason: String
}

/// The columns that a copy and its table have in common.
struct ComparedColumns {
    /// As the copy has them.
    var destination: TableSchema
    /// The same columns under the names that the source has for them now.
    var source: TableSchema
    var leftOut: [UncomparedColumn] = []

    struct Incomparable: Error { var reason: String }

    /// - Parameter isChosen: Whether the sync copies a column of the table.
    init(of copy: SyncedTable, _ table: CatalogTable, isChosen: (ColumnSchema) -> Bool) throws(Incomparable) {
        destination = copy.schema
        source = copy.schema
        (destination.columns, source.columns) = ([], [])
        source.name = table.schema.name
        var places: [Int: Int] = [:]
        for (index, column) in copy.schema.columns.enumerated() {
            let now = table.schema.columns.first { $0.id == column.id }
            guard let now else {
                leftOut.append(Self.departed(column, table))
                continue
            }
            guard table.allows(now, as: column.type) else {
                throw Incomparable(reason: "column \(column.name) is now \(now.nativeType), not \(column.nativeType)")
            }
            places[index] = destination.columns.count
            destination.columns.append(column)
            var named = column
            named.name = now.name
            source.columns.append(named)
        }
        let key = copy.schema.identity.compactMap { places[$0] }
        destination.identity = key.count == copy.schema.identity.count ? key : []
        source.identity = destination.identity
        leftOut += Self.arrived(in: table, since: copy, isChosen: isChosen)
    }

    private static func departed(_ column: ColumnSchema, _ table: CatalogTable) -> UncomparedColumn {
        if let omitted = table.omitted.first(where: { $0.name == column.name }) {
            return UncomparedColumn(name: column.name, reason: "can be read at the source no longer: \(omitted.reason)")
        }
        return UncomparedColumn(
            name: column.name,
            reason: "is gone from the source; what was copied of it stays at the destination"
        )
    }

    private static func arrived(
        in table: CatalogTable,
        since copy: SyncedTable,
        isChosen: (ColumnSchema) -> Bool
    ) -> [UncomparedColumn] {
        let new = table.schema.columns.filter { now in
            isChosen(now)
                && !copy.schema.columns.contains { $0.id == now.id }
        }
        return new.map { UncomparedColumn(name: $0.name, reason: "has not been copied yet; the next run brings it") }
    }
}
