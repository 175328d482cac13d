import Synchronization
import TandemCore
import TandemRows

/// A stream that does not keep a promise.
final class BrokenStream: ChangeStream {
    enum Fault: String, CaseIterable {
        case losesABatch, endsEarly, tearsTransactions, forgetsDeletions, joinsWithNothing
        case forgetsWhatAddedColumnsHold, bringsWhatIsLeftOut, keepsRowsWithoutAKey
        case countsNothing, isNeverUpToDate, waitsForEver
    }

    private let stream: any ChangeStream
    private let fault: Fault
    private let count = Atomic(0)

    init(_ stream: any ChangeStream, _ fault: Fault) {
        self.stream = stream
        self.fault = fault
    }

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        let number = count.add(1, ordering: .relaxed).newValue
        if fault == .endsEarly, number > 3 { return nil }
        guard var batch = try await stream.next(isWanted: isWanted) else { return nil }
        switch fault {
        case .losesABatch where number.isMultiple(of: 5): batch.stretches = []
        case .tearsTransactions: batch.stretches = Array(batch.stretches.prefix(2))
        case .forgetsDeletions:
            for index in batch.stretches.indices { batch.stretches[index].changes.deleted = [] }
        case .forgetsWhatAddedColumnsHold:
            for index in batch.stretches.indices { batch.stretches[index].missing = [:] }
        case .bringsWhatIsLeftOut:
            for index in batch.stretches.indices { batch.stretches[index].leftOut = [] }
        case .keepsRowsWithoutAKey:
            for index in batch.stretches.indices where batch.stretches[index].schema.identity.isEmpty {
                batch.stretches[index].changes.removed = []
            }
        case .countsNothing: batch.transactions = 0
        case .isNeverUpToDate: batch.isUpToDate = false
        case .waitsForEver where number > 3:
            for await _ in AsyncStream<Void>.makeStream().stream {}
            try Task.checkCancellation()
        case .joinsWithNothing where batch.holdings.values.contains(.joined): batch.stretches = []
        default: break
        }
        return batch
    }

    func confirm(_ checkpoint: Checkpoint) { stream.confirm(checkpoint) }
    func hold(_ table: BufferedTable?) -> Bool { stream.hold(table) }
    func join(_ table: StreamRequest.Table, after place: Checkpoint) { stream.join(table, after: place) }
    func keepAlive() async throws { try await stream.keepAlive() }
    func close() async { await stream.close() }
}
