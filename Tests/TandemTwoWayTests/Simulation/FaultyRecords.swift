import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting

/// A side whose calls fail, before or after they had their effect.
final class FaultyRecords: RecordStore {
    struct Failed: Error {}

    let records: MemoryRecords
    private let losesAnswers: Bool
    private let state: Mutex<(random: SeededGenerator, isQuiet: Bool)>

    init(_ records: MemoryRecords, seed: UInt64, losesAnswers: Bool = true) {
        self.losesAnswers = losesAnswers
        self.records = records
        state = Mutex((SeededGenerator(seed: seed), false))
    }

    /// No call fails from here on.
    func quieten() { state.withLock { $0.isQuiet = true } }

    func fail(_ chance: Double) throws {
        let fails = state.withLock { !$0.isQuiet && Double.random(in: 0..<1, using: &$0.random) < chance }
        if fails { throw Failed() }
    }

    var capabilities: RecordCapabilities { records.capabilities }
    func describe() async throws -> [RecordType] { try await records.describe() }
    func feed(_ request: FeedRequest) async throws -> any HintFeed {
        try fail(0.05)
        return try await records.feed(request)
    }
    func read(_ keys: [RowKey], of shape: RecordShape) async throws -> [Record] {
        try fail(0.05)
        return try await records.read(keys, of: shape)
    }
    func find(_ values: [[Value]], in fields: [Int], of shape: RecordShape) async throws -> [Record] {
        try fail(0.05)
        return try await records.find(values, in: fields, of: shape)
    }
    func scan(_ shape: RecordShape, after key: RowKey?, limit: Int) async throws -> [Record] {
        try fail(0.05)
        return try await records.scan(shape, after: key, limit: limit)
    }
    func made(by operations: [OperationID], of shape: RecordShape) async throws -> [OperationID: Record] {
        try fail(0.05)
        return try await records.made(by: operations, of: shape)
    }
    func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome] {
        try fail(0.08)
        let outcomes = try await records.write(writes)
        if losesAnswers { try fail(0.08) }
        return outcomes
    }
    func begin(_ sync: String) async throws -> (any RecordTransaction)? {
        try fail(0.03)
        return try await records.begin(sync).map { Transaction(records: self, transaction: $0) }
    }
    func notes(of sync: String, after number: Int64) async throws -> [WriteNote] {
        try fail(0.05)
        return try await records.notes(of: sync, after: number)
    }
    func close() async {}

    private struct Transaction: RecordTransaction {
        let records: FaultyRecords
        let transaction: any RecordTransaction

        func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome] {
            try records.fail(0.05)
            return try await transaction.write(writes)
        }
        func commit(_ note: WriteNote, forgetting number: Int64) async throws {
            try records.fail(0.05)
            try await transaction.commit(note, forgetting: number)
            try records.fail(0.08)
        }
        func rollback() async { await transaction.rollback() }
    }
}
