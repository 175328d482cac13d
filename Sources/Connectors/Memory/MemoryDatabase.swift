import Synchronization
import TandemCore
package import TandemRows

/// Tables in memory: a source to read from, a destination to write to, or both.
///
/// The shortest whole connector there is, for tests and as the one to read
/// before writing another.
package final class MemoryDatabase: Sendable {
    package struct Table: Sendable {
        package var schema: TableSchema
        package var batches: [RowBatch]

        package init(schema: TableSchema, batches: [RowBatch]) {
            self.schema = schema
            self.batches = batches
        }
    }

    struct State {
        var tables: [TableName: Table] = [:]
        /// Loaded and not yet published.
        var loaded: [TableName: Table] = [:]
        var copies: [String: [CopiedTable]] = [:]
        /// Counts every change, and so serves as the position.
        var version = 0
    }

    let state: Mutex<State>
    let name: String

    package init(name: String, tables: [Table] = []) {
        self.name = name
        let named = tables.map { ($0.schema.name, $0) }
        state = Mutex(State(tables: Dictionary(named, uniquingKeysWith: { $1 })))
    }

    package var tables: [TableName: Table] { state.withLock { $0.tables } }

    /// Adds or replaces a table.
    package func put(_ table: Table) {
        state.withLock {
            $0.tables[table.schema.name] = table
            $0.version += 1
        }
    }

    var checkpoint: Checkpoint { Checkpoint(String(state.withLock { $0.version })) }
}
