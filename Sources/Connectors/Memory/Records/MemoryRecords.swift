import Synchronization
package import TandemCore
package import TandemRows

/// Records in memory that others change too: one side of a two-way sync, as good or as bad as ``Manners`` says.
package final class MemoryRecords: Sendable {
    /// What the side does that not every side does.
    package struct Manners: Sendable {
        package var writesConditionally = true
        package var createsOnce = true
        package var keepsNotes = false
        /// How far behind the feed is, in ticks of ``MemoryRecords/tick(_:)``: a change may be told of as much later. 0
        /// for a log, which tells all that there is in order, also of records that are gone.
        package var lag = 0
        /// How likely a read shows what the record was before it changed within `lag`.
        package var staleness = 0.0
        /// What becomes of text that is stored.
        package var normal: @Sendable (String) -> String = { $0 }
        /// Whether answers come in another order than the questions, and one may be missing.
        package var permutes = false
        /// Whether the side tells what a write has replaced, where that was not what it expected.
        package var tellsReplaced = false
        /// Whether changes of its own transactions are left out of the feed.
        package var tellsOwn = true
        /// Whether the feed ends wherever it likes.
        package var tellsPrefixes = false

        package init() {}
    }

    /// A change to one record.
    package struct Entry: Sendable {
        package var time: Int
        package var table: TableID
        package var key: RowKey
        /// Whether it was written through the contract, and not by a user.
        package var isOwn: Bool
        package var before: [Value]?
        package var after: [Value]?
    }

    struct Stored {
        var fields: [Value]
        var version: Int
        var created: Int
        var changed: Int
        var operation: OperationID?
        /// What it was before.
        var former: (fields: [Value], version: Int)?
    }

    struct Table {
        var shape: RecordShape
        /// Places of fields; no two records have the same values in them.
        var unique: [Int]
        /// The field that is the key; `nil` where keys are made here.
        var keyField: Int?
        /// Fields that name records of another table, which has to have them.
        var references: [Int: TableID]
        var records: [RowKey: Stored] = [:]
        var nextKey: Int128 = 1
    }

    struct State {
        var tables: [TableID: Table] = [:]
        var journal: [Entry] = []
        var time = 1
        var random: any RandomNumberGenerator & Sendable
        var notes: [WriteNote] = []
        /// Records that an open transaction has written.
        var locked: Set<HintBatch.Hint> = []
        /// The sessions that were begun; only the last one may commit.
        var session = 0
    }

    package let manners: Manners
    let state: Mutex<State>

    /// - Parameter random: What decides where ``Manners`` leave something open.
    package init(
        _ manners: Manners = Manners(),
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.manners = manners
        state = Mutex(State(random: random))
    }

    /// - Parameters:
    ///   - unique: Places of fields; no two records have the same values in all of them.
    ///   - keyField: The field that is the key; `nil` where keys are made here, as numbers.
    ///   - references: Tables that have to have what these fields name.
    package func add(
        _ shape: RecordShape,
        unique: [Int] = [],
        keyField: Int? = nil,
        references: [Int: TableID] = [:]
    ) {
        state.withLock {
            $0.tables[shape.id] = Table(shape: shape, unique: unique, keyField: keyField, references: references)
        }
    }

    package func tick(_ count: Int = 1) { state.withLock { $0.time += count } }

    // MARK: what users do

    /// - Returns: `nil` where a record has one of its unique values, or is written to just now.
    @discardableResult
    package func insert(_ fields: [Value], into table: TableID) -> RowKey? {
        state.withLock { state in
            try? state.insert(fields, into: table, manners, isOwn: false, operation: nil)
        }
    }

    /// - Returns: Whether there was such a record, that nobody else was writing to.
    @discardableResult
    package func update(_ key: RowKey, _ fields: [Int: Value], in table: TableID) -> Bool {
        state.withLock { state in
            guard !state.locked.contains(.init(table: table, key: key)) else { return false }
            return (try? state.update(key, fields, in: table, manners, isOwn: false)) != nil
        }
    }

    @discardableResult
    package func delete(_ key: RowKey, from table: TableID) -> Bool {
        state.withLock { state in
            guard !state.locked.contains(.init(table: table, key: key)) else { return false }
            return (try? state.delete(key, from: table, isOwn: false)) != nil
        }
    }

    // MARK: what is there

    package func records(of table: TableID) -> [RowKey: [Value]] {
        state.withLock { $0.tables[table]?.records.mapValues(\.fields) ?? [:] }
    }

    package var journal: [Entry] { state.withLock { $0.journal } }
}
