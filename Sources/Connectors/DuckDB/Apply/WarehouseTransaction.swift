import Foundation
package import TandemCore
import TandemRows

/// One transaction of changes. The file is opened with its first, and closed again after it, so that others can read
/// it in between.
struct WarehouseTransaction: WriteTransaction {
    let destination: DuckDBDestination
    let sync: String
    /// Which one it is of those that have begun.
    let number: Int

    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]] {
        try await destination.write(changes, of: self, .next)
        return [:]
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        try await destination.write(changes, of: self, .last(advancing: checkpoint))
        return [:]
    }

    func rollback() async { await destination.rollback(self) }
}

extension DuckDBDestination {
    package func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction {
        undo()
        return WarehouseTransaction(destination: self, sync: sync, number: transactions.begin())
    }

    func rollback(_ transaction: WarehouseTransaction) {
        if transactions.isOpen(transaction.number) { breakOff() }
    }

    private func undo() {
        // It may be what went wrong.
        writer?.session.file.retire()
        writer = nil
    }

    func write(_ changes: [TargetChanges], of transaction: WarehouseTransaction, _ part: TransactionPart) async throws {
        try transactions.require(transaction.number)
        do {
            try await attempt(changes, of: transaction.sync, part)
            if part.isLast { transactions.end() }
        } catch DuckDBError.diskFull(let path, let free) {
            breakOff()
            await loader.reclaim()
            throw DuckDBError.diskFull(path: path, free: free)
        } catch {
            breakOff()
            throw error
        }
    }

    /// Ends what is open, and leaves nothing of it.
    func breakOff() {
        undo()
        transactions.end()
    }

    /// Again with more memory, where that is what was missing and all of the transaction is here.
    private func attempt(_ changes: [TargetChanges], of sync: String, _ part: TransactionPart) async throws {
        let isContinued = writer != nil
        var failure: (error: any Error, limit: Int)?
        while true {
            let writer = try await writer(of: sync)
            if let failure, try !writer.session.allowMemory(atLeast: failure.limit) { throw failure.error }
            do {
                return try await write(changes, with: writer, part)
            } catch {
                guard case DuckDBError.outOfMemory = error, !isContinued, let next = writer.session.nextMemoryLimit
                else { throw error }
                failure = (error, next)
                // What it was removing as it failed it takes for removed by another, until the file is opened anew.
                undo()
            }
        }
    }

    private func write(_ changes: [TargetChanges], with writer: ChangeWriter, _ part: TransactionPart) async throws {
        let interrupter = writer.session.interrupter
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            let cores = ProcessInfo.processInfo.activeProcessorCount
            try writer.useThreads(for: changes, atMost: opener.config.threads ?? cores)
            if !part.isLast { try writer.expectMore(than: changes) }
            try writer.refuseForeign(changes)
            for change in changes {
                do { try writer.apply(change) } catch DuckDBError.failed(let action, let reason) {
                    // Such as what an index refuses that somebody has made there.
                    throw TargetError(change.before.target, DuckDBError.failed(action: action, reason: reason))
                }
            }
            guard case .last(let checkpoint) = part else { return }
            try writer.commit(advancing: checkpoint)
            self.writer = nil
        } onCancel: {
            interrupter.interrupt()
        }
    }

    private func writer(of sync: String) async throws -> ChangeWriter {
        if let writer { return writer }
        let session = try await opener.open(.write, isBrief: true)
        // Someone else may have come first while this waited.
        if let writer { return writer }
        let opened = try ChangeWriter(session, of: sync)
        writer = opened
        return opened
    }
}
