import Foundation
package import TandemCore
package import TandemRows

extension DuckDBDestination {
    /// By the lock that DuckDB has on its file.
    package nonisolated var keepsReadersOut: Bool { true }

    package func stream(of sync: String, by method: Method) async throws -> StreamState? {
        try await noted("stream of \(sync) by \(method)") { try $0.stream(of: sync, by: method) }.flatMap(\.self)
    }

    /// The file is closed again after each transaction, so that others can read it in between.
    @discardableResult
    package func apply(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        of sync: String
    ) async throws -> [TableName: [RowIssue]] {
        try await write(changes, reaching: state, isLast: state != nil, of: sync)
        return [:]
    }

    package func merge(_ changes: [TargetChanges], isLast: Bool, of sync: String) async throws {
        try await write(changes, reaching: nil, isLast: isLast, of: sync)
    }

    private func write(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        isLast: Bool,
        of sync: String
    ) async throws {
        do {
            try await attempt(changes, reaching: state, isLast: isLast, of: sync)
        } catch DuckDBError.diskFull(let path, let free) {
            await rollback()
            await loader.reclaim()
            throw DuckDBError.diskFull(path: path, free: free)
        } catch {
            await rollback()
            throw error
        }
    }

    package func rollback() async {
        // It may be what went wrong.
        writer?.session.file.retire()
        writer = nil
    }

    /// Again with more memory, where that is what was missing and all of the transaction is here.
    private func attempt(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        isLast: Bool,
        of sync: String
    ) async throws {
        let isContinued = writer != nil
        var failure: (error: any Error, limit: Int)?
        while true {
            let writer = try await writer(of: sync)
            if let failure, try !writer.session.allowMemory(atLeast: failure.limit) { throw failure.error }
            do {
                return try await write(changes, with: writer, reaching: state, isLast: isLast)
            } catch {
                guard case DuckDBError.outOfMemory = error, !isContinued, let next = writer.session.nextMemoryLimit
                else { throw error }
                failure = (error, next)
                // What it was removing as it failed it takes for removed by another, until the file is opened anew.
                await rollback()
            }
        }
    }

    private func write(
        _ changes: [TargetChanges],
        with writer: ChangeWriter,
        reaching state: StreamState?,
        isLast: Bool
    ) async throws {
        let interrupter = writer.session.interrupter
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            let cores = ProcessInfo.processInfo.activeProcessorCount
            try writer.useThreads(for: changes, atMost: opener.config.threads ?? cores)
            if !isLast { try writer.expectMore(than: changes) }
            try writer.refuseForeign(changes)
            for change in changes {
                do { try writer.apply(change) } catch DuckDBError.failed(let action, let reason) {
                    // Such as what an index refuses that somebody has made there.
                    throw TargetError(change.before.target, DuckDBError.failed(action: action, reason: reason))
                }
            }
            guard isLast else { return }
            try writer.commit(reaching: state)
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

    package func remember(_ copies: [CopiedTable], of sync: String) async throws {
        let session = try await opener.open(.write, isBrief: true)
        let metadata = Metadata(session)
        try metadata.prepare()
        try session.transaction {
            for copy in copies
            where try !metadata.replace(copy.target, by: copy, isCounted: true, of: sync) {
                try metadata.remember([copy], retiring: [], of: sync)
            }
        }
    }
}

extension DuckDBDestination {
    package func made(of sync: String?) async throws -> [MadeObject] {
        try await noted(sync.map { "what was made of \($0)" } ?? "all that was made") { try $0.made(of: sync) } ?? []
    }

    package func note(made: [MadeObject], gone: [MadeObject]) async throws {
        guard !made.isEmpty || !gone.isEmpty else { return }
        let session = try await opener.open(.write, isBrief: true)
        let metadata = Metadata(session)
        try metadata.prepare()
        try session.transaction { try metadata.note(made: made, gone: gone) }
    }

    package func rename(_ sync: String, to name: String) async throws -> Bool {
        guard FileFacts.kind(opener.path) != .missing else { return false }
        let session = try await opener.open(.write, isBrief: true)
        let metadata = Metadata(session)
        guard try metadata.exists() else { return false }
        try metadata.prepare()
        var isKnown = false
        try session.transaction { isKnown = try metadata.rename(sync, to: name) }
        return isKnown
    }
}
