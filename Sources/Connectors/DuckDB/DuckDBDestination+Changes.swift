import Foundation
package import TandemCore
package import TandemRows

extension DuckDBDestination: ChangeDestination {
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

    private func attempt(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        isLast: Bool,
        of sync: String
    ) async throws {
        let isContinued = writer != nil
        let writer = try await writer(of: sync)
        let interrupter = writer.session.interrupter
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            let cores = ProcessInfo.processInfo.activeProcessorCount
            try writer.useThreads(for: changes, atMost: opener.config.threads ?? cores)
            if !isLast { try writer.expectMore(than: changes) }
            try Self.write(changes, to: writer, isContinued: isContinued)
            guard isLast else { return }
            try writer.commit(reaching: state)
            self.writer = nil
        } onCancel: {
            interrupter.interrupt()
        }
    }

    private static func write(_ changes: [TargetChanges], to writer: ChangeWriter, isContinued: Bool) throws {
        // Values must be in memory whole, several times; the standard is enough for batches of a few megabytes.
        let largest = changes.map(\.changes.largestBatch).max() ?? 0
        if largest > 4 * RowBatch.byteLimit {
            try writer.session.allowMemory(atLeast: DuckDBConfig.standardMemoryLimit + 6 * largest)
        }
        while true {
            do {
                for change in changes {
                    do { try writer.apply(change) } catch DuckDBError.failed(let action, let reason) {
                        // Such as what an index refuses that somebody has made there.
                        throw TargetError(change.before.target, DuckDBError.failed(action: action, reason: reason))
                    }
                }
                return
            } catch DuckDBError.outOfMemory(let path, let limit, let reason) {
                guard !isContinued, try writer.session.allowMoreMemory() else {
                    throw DuckDBError.outOfMemory(path: path, limit: limit, reason: reason)
                }
                try writer.restart()
            }
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

extension NetChanges {
    /// The bytes of its largest batch.
    fileprivate var largestBatch: Int {
        let rows = (written + patched.map(\.rows)).map(\.byteCount).max() ?? 0
        return max(rows, removed.map(\.byteCount).max() ?? 0)
    }
}
