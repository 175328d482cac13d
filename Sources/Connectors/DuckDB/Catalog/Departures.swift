import TandemCore
import TandemRows

/// Which copies are not there any more as they are remembered, and why.
struct Departures {
    private(set) var looked: Set<SyncedTable> = []
    private(set) var reasons: [TableName: String] = [:]

    init() {}

    init(among copies: [SyncedTable], in session: Session) throws {
        guard !copies.isEmpty else { return }
        looked = Set(copies)
        let catalogue = WarehouseCatalog(session)
        let foreign = try catalogue.foreign(among: Set(copies.map { SQL.fold($0.target) }))
        let columns = try catalogue.columns(of: copies.map(\.target))
        for copy in copies {
            let name = SQL.fold(copy.target)
            guard let present = columns[name] else {
                reasons[copy.target] = "the warehouse has no such table any more"
                continue
            }
            let names = Set(present.map { SQL.folding.fold($0.name) })
            let expected = copy.schema.columns.map(\.name) + copy.metadataColumns.names
            if foreign.contains(name) {
                reasons[copy.target] = "there is another table in its place"
            } else if let gone = expected.first(where: { !names.contains(SQL.folding.fold($0)) }) {
                reasons[copy.target] = "the warehouse no longer has its column \"\(gone)\""
            }
        }
    }
}
