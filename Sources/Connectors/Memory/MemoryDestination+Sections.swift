import Synchronization
package import TandemCore
import TandemRows

/// What is kept outlives the destination, as long as the database does.
extension MemoryDestination {
    package func sectionedLoads(of sync: String) async throws -> [SectionedLoad] {
        database.state.withLock { state in state.sectioned.values.map(\.load).filter { $0.sync == sync } }
    }

    package func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad {
        let batches = try await pull(rows)
        let more = load.adding(rows.tally, rows: batches.reduce(0) { $0 + $1.rowCount })
        database.state.withLock { state in
            state.loaded[load.target] = nil
            let earlier = load.loaded == 0 ? [] : state.sectioned[load.target]?.table.batches ?? []
            let table = MemoryDatabase.Table(schema: load.schema, batches: earlier + batches)
            state.sectioned[load.target] = (more, table)
        }
        return more
    }

    package func finish(_ load: SectionedLoad) async throws -> Int {
        try database.state.withLock { state in
            guard var table = state.sectioned[load.target]?.table else { throw MemoryError.notLoaded(load.target) }
            let key = load.schema.identity.map { load.schema.columns[$0] }
            table.remove(table.places(by: key).values.flatMap { $0.dropLast() })
            state.loaded[load.target] = table
            return table.batches.reduce(0) { $0 + $1.rowCount }
        }
    }

    package func drop(_ load: SectionedLoad) async throws {
        database.state.withLock { $0.sectioned[load.target] = nil }
    }
}
