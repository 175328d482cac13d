import Synchronization
public import TandemCore
public import TandemRows

/// A source that fails where a test says, as often as it says, and is the source it wraps otherwise.
public struct FaultySource: Source {
    /// One failure of one reading of a table.
    public struct Fault: Sendable {
        public var error: any Error
        public var afterBatches: Int

        public init(_ error: any Error, afterBatches: Int) {
            self.error = error
            self.afterBatches = afterBatches
        }
    }

    private let source: any Source
    private let faults: FaultList

    /// - Parameter faults: For each table, the faults of its first, second, … reading.
    public init(_ source: any Source, faults: [TableName: [Fault]]) {
        self.source = source
        self.faults = FaultList(faults)
    }

    public func catalog() async throws -> Catalog { try await source.catalog() }
    public func check(_ tables: [TableName]) async -> [Finding] { await source.check(tables) }
    public func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    public func position() async throws -> Checkpoint { try await source.position() }
    public func query(_ sql: String) async throws -> QueryResult { try await source.query(sql) }
    public func close() async { await source.close() }

    public func snapshot(readers: Int) async throws -> any Snapshot {
        InterceptedSnapshot(try await source.snapshot(readers: readers)) { [faults] rows, table in
            guard let fault = faults.next(for: table) else { return rows }
            return InterceptedRows.failing(rows, after: fault.afterBatches, fault.error)
        }
    }

    /// What is left to happen.
    final class FaultList: Sendable {
        private let left: Mutex<[TableName: [Fault]]>
        init(_ faults: [TableName: [Fault]]) { left = Mutex(faults) }

        func next(for table: TableName) -> Fault? {
            left.withLock { left in
                guard let fault = left[table]?.first else { return nil }
                left[table]?.removeFirst()
                return fault
            }
        }
    }
}

/// An error that a test put somewhere.
public struct TestFault: ExplainedError {
    public var isTransient: Bool
    public init(isTransient: Bool) { self.isTransient = isTransient }

    public var description: String { "A test put this fault here." }
    public var remedy: Remedy? { nil }
}
