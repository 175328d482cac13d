package import TandemCore
import TandemRows

/// A table of a source, as it can be synced.
package struct CatalogTableReport: Codable, Sendable {
    package struct Column: Codable, Sendable {
        package var name: String
        package var type: String
        package var nativeType: String
        package var key: Bool
    }

    package struct Omitted: Codable, Sendable {
        package var name: String
        package var reason: String
        package var remedy: Remedy?
    }

    package struct Way: Codable, Sendable {
        package var method: Method
        package var usable: Bool
        package var reason: String?
        package var remedy: Remedy?
    }

    package var schema: String
    package var table: String
    package var kind: CatalogTable.Kind
    package var estimatedRows: Int?
    package var bytes: Int?
    package var columns: [Column]
    package var omitted: [Omitted]
    package var methods: [Way]

    package init(_ entry: CatalogTable) {
        schema = entry.schema.name.schema
        table = entry.schema.name.table
        kind = entry.kind
        estimatedRows = entry.estimatedRows
        bytes = entry.bytes
        columns = entry.schema.columns.enumerated().map { index, column in
            Column(
                name: column.name,
                type: "\(column.type)",
                nativeType: column.nativeType,
                key: entry.schema.identity.contains(index)
            )
        }
        omitted = entry.omitted.map { Omitted(name: $0.name, reason: $0.reason, remedy: $0.remedy) }
        methods = Method.allCases.map { method in
            switch entry.methods[method] {
            case .usable(let note): Way(method: method, usable: true, reason: note)
            case .needsSetup(let reason, let remedy), .unusable(let reason, let remedy):
                Way(method: method, usable: false, reason: reason, remedy: remedy)
            case nil: Way(method: method, usable: false)
            }
        }
    }
}
