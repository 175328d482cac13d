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
        try await destination.write(changes, of: self, thenCommitting: nil)
        return [:]
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        try await destination.write(changes, of: self, thenCommitting: Commit(checkpoint: checkpoint))
        return [:]
    }

    func rollback() async { await destination.rollback(self) }

    struct Commit {
        var checkpoint: StreamCheckpoint?
    }
}

extension DuckDBDestination {
    package func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction {
        undo()
        transactions += 1
        return WarehouseTransaction(destination: self, sync: sync, number: transactions)
    }

    func rollback(_ transaction: WarehouseTransaction) {
        if transaction.number == transactions { undo() }
    }

    private func undo() {
        // It may be what went wrong.
        writer?.session.file.retire()
        writer = nil
    }

    /// - Parameter commit: Ends the transaction; `nil` where more is to come.
    func write(
        _ changes: [TargetChanges],
        of transaction: WarehouseTransaction,
        thenCommitting commit: WarehouseTransaction.Commit?
    ) async throws {
        guard transaction.number == transactions else {
            throw DuckDBError.failed(action: "write changes", reason: "another transaction has begun since")
        }
        do {
            try await attempt(changes, of: transaction.sync, commit)
            // At its end nothing more belongs to it.
            if commit != nil { transactions += 1 }
        } catch DuckDBError.diskFull(let path, let free) {
            fail()
            await loader.reclaim()
            throw DuckDBError.diskFull(path: path, free: free)
        } catch {
            fail()
            throw error
        }
    }

    private func fail() {
        undo()
        transactions += 1
    }

    /// Again with more memory, where that is what was missing and all of the transaction is here.
    private func attempt(
        _ changes: [TargetChanges],
        of sync: String,
        _ commit: WarehouseTransaction.Commit?
    ) async throws {
        let isContinued = writer != nil
        var failure: (error: any Error, limit: Int)?
        while true {
            let writer = try await writer(of: sync)
            if let failure, try !writer.session.allowMemory(atLeast: failure.limit) { throw failure.error }
            do {
                return try await write(changes, with: writer, commit)
            } catch {
                guard case DuckDBError.outOfMemory = error, !isContinued, let next = writer.session.nextMemoryLimit
                else { throw error }
                failure = (error, next)
                // What it was removing as it failed it takes for removed by another, until the file is opened anew.
                undo()
            }
        }
    }

    private func write(
        _ changes: [TargetChanges],
        with writer: ChangeWriter,
        _ commit: WarehouseTransaction.Commit?
    ) async throws {
        let interrupter = writer.session.interrupter
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            let cores = ProcessInfo.processInfo.activeProcessorCount
            try writer.useThreads(for: changes, atMost: opener.config.threads ?? cores)
            if commit == nil { try writer.expectMore(than: changes) }
            try writer.refuseForeign(changes)
            for change in changes {
                do { try writer.apply(change) } catch DuckDBError.failed(let action, let reason) {
                    // Such as what an index refuses that somebody has made there.
                    throw TargetError(change.before.target, DuckDBError.failed(action: action, reason: reason))
                }
            }
            guard let commit else { return }
            try writer.commit(advancing: commit.checkpoint)
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
