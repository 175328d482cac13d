import TandemCore
import TandemRows

/// The places of tables, by number, and those of which it cannot be told.
typealias CursorPlaces = (places: [TableID: CursorPlace], failures: [(table: TablePlan, error: any Error)])

extension CursorReader {
    /// The places of `tables`, which have cursors: asked for one by one where one of them is in the way of the others.
    ///
    /// - Throws: What is about no single table.
    func places(of tables: [TablePlan], patience: Duration) async throws -> CursorPlaces {
        guard !tables.isEmpty else { return ([:], []) }
        func places(of tables: [TablePlan]) async throws -> [TableID: CursorPlace] {
            let cursors = tables.compactMap { table in
                table.cursor.map { CursorTable(table.source, columns: $0.ids) }
            }
            return try await self.places(of: cursors, patience: patience)
        }
        do {
            return (try await places(of: tables), [])
        } catch let error as any ExplainedError where error.isConfined {
            guard tables.count > 1 else { return ([:], [(tables[0], error)]) }
            var answer: CursorPlaces = ([:], [])
            for table in tables {
                let one = try await self.places(of: [table], patience: patience)
                answer.places.merge(one.places) { first, _ in first }
                answer.failures += one.failures
            }
            return answer
        }
    }
}
