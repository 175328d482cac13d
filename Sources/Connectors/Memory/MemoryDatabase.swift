import Synchronization
package import TandemCore
package import TandemRows

/// Tables in memory: a source to read from, a destination to write to, or both.
///
/// The shortest whole connector there is, for tests and as the one to read
/// before writing another.
package final class MemoryDatabase: Sendable {
    package struct Table: Sendable {
        package var schema: TableSchema
        package var batches: [RowBatch]
        /// What the rows that were there got in columns that came later.
        var added: [ColumnID: Value] = [:]

        package init(schema: TableSchema, batches: [RowBatch]) {
            self.schema = schema
            self.batches = batches
        }
    }

    /// What is there for everyone to see.
    struct Content {
        var tables: [TableName: Table] = [:]
        var copies: [String: [SyncedTable]] = [:]
        var streams: [String: [Method: StreamCheckpoint]] = [:]
        /// What was made at sources.
        var made: [MadeObject] = []
    }

    struct State {
        var content = Content()
        /// What will be there once the transaction that is open is committed.
        var open: (number: Int, content: Content)?
        /// How many have begun.
        var transactions = 0
        /// Loaded and not yet published.
        var loaded: [TableName: Table] = [:]
        /// Loaded section by section, and kept until that goes on.
        var sectioned: [TableName: (load: SectionedLoad, table: Table)] = [:]
        /// Counts every change, and so tells one snapshot from another.
        var version = 0
        /// `nil` where none is kept.
        var log: Log?
    }

    let state: Mutex<State>
    let name: String
    let clock: RunClock

    /// - Parameters:
    ///   - keepsLog: Whether its changes can be followed.
    ///   - clock: What tells when they were made.
    package init(name: String, tables: [Table] = [], keepsLog: Bool = false, clock: RunClock = .system) {
        self.name = name
        self.clock = clock
        let named = tables.map { ($0.schema.name, $0) }
        var state = State(content: Content(tables: Dictionary(named, uniquingKeysWith: { $1 })))
        if keepsLog { state.log = Log() }
        self.state = Mutex(state)
    }

    package var tables: [TableName: Table] { state.withLock { $0.content.tables } }

    /// Adds or replaces a table. Who follows one that is replaced has to copy it again.
    package func put(_ table: Table) {
        state.withLock { state in
            let old = state.content.tables.updateValue(table, forKey: table.schema.name)
            state.version += 1
            guard let old else { return }
            state.log?.append(Log.Entry(version: state.version, replaced: old.schema.id, time: clock.time))
        }
    }

    /// Removes a table, if it is there.
    package func drop(_ name: TableName) {
        state.withLock { state in
            state.content.tables[name] = nil
            state.version += 1
        }
    }

    /// Gives a table other columns: what it has under their numbers stays in its rows. The log tells of them with the
    /// next row.
    ///
    /// - Parameter values: What rows get in new columns; null where that is not said.
    package func alter(_ name: TableName, columns: [ColumnSchema], filling values: [ColumnID: Value] = [:]) {
        state.withLock { state in
            guard var table = state.content.tables[name] else { return }
            let old = table.schema
            let indexes = columns.map { column in old.columns.firstIndex { $0.id == column.id } }
            table.schema.columns = columns
            table.added.merge(values) { $1 }
            table.schema.identity = old.identity.compactMap { index in indexes.firstIndex(of: index) }
            for batch in table.batches.indices {
                let count = table.batches[batch].rowCount
                table.batches[batch].columns = zip(indexes, columns).map { index, column in
                    index.map { table.batches[batch].columns[$0] }
                        ?? Column(Array(repeating: values[column.id] ?? .null, count: count), as: column.type)
                        ?? Column(nullsOf: column.type, count: count)
                }
            }
            state.content.tables[name] = table
            state.version += 1
        }
    }

    /// Gives a table another name. It keeps its number.
    package func rename(_ name: TableName, to newName: TableName) {
        state.withLock { state in
            guard var table = state.content.tables.removeValue(forKey: name) else { return }
            table.schema.name = newName
            state.content.tables[newName] = table
            state.version += 1
        }
    }
}
