public import TandemRows

/// Changes that become visible together: from ``Destination/begin(_:refusedRows:)`` until it is committed or rolled
/// back.
///
/// Readers see nothing of it until it is committed, and nothing of it is left after an error, ``rollback()`` or a
/// crash. It belongs to one task, and its calls come one after another. After an error it is at its end.
public protocol WriteTransaction: Sendable {
    /// Applies `changes` in their order. More is to come.
    ///
    /// In a copy that marks rows (``MetadataColumns/deletedAt``) those of ``NetChanges/deleted`` are marked, and all of
    /// them where it is emptied; what is written takes the place of marked rows.
    ///
    /// - Returns: For each target of which rows were left out (``RefusedRows/leaveOut``), the issues that it has then.
    /// - Throws: ``TableMismatch`` where a table cannot take its changes as it is; ``TargetError`` for what is about
    ///   one table; the connector's own error.
    @discardableResult
    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]]

    /// Applies the last changes as ``apply(_:)`` does, and commits. Returns once all of it is durable.
    ///
    /// The last come with the commit, so that a transaction of one part, which most are, can be tried once more where
    /// something was missing, and its commit can travel with it.
    ///
    /// - Parameter checkpoint: How far its stream has been applied then. `nil` moves no stream: how far each table has
    ///   been read stands in its copy (``SyncedTable/cursor``), or the stream has not come further.
    @discardableResult
    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]]

    /// Leaves nothing of it. Does nothing after its end.
    func rollback() async
}

/// What becomes of rows that are refused by what users have made at the destination, such as constraints and triggers.
public enum RefusedRows: Sendable {
    /// They are left out, each by itself, where the destination can tell which they are. It stores them with
    /// ``SyncedTable/issues`` in the same transaction.
    case leaveOut
    /// The transaction fails: what a cursor has passed is not read again.
    case fail
}

extension Destination {
    /// Calls `body` with a transaction, which it commits. Rolls back where it throws.
    package func withTransaction(
        of sync: String,
        refusedRows: RefusedRows,
        _ body: (any WriteTransaction) async throws -> Void
    ) async throws {
        let transaction = try await begin(sync, refusedRows: refusedRows)
        do { try await body(transaction) } catch {
            await transaction.rollback()
            throw error
        }
    }

    /// Applies `changes` in a transaction of their own. Rows that are refused are left out.
    @discardableResult
    package func write(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?,
        of sync: String
    ) async throws -> [TableName: [RowIssue]] {
        try await begin(sync, refusedRows: .leaveOut).commit(changes, advancing: checkpoint)
    }
}
