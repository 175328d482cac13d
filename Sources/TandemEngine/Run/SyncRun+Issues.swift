package import TandemCore
import TandemRows
import TandemState

extension SyncRun {
    /// Reads rows that were left out of tables that are followed anew, and applies them in order with the stream, which
    /// is brought up to date before.
    ///
    /// - Parameter isChosen: Which of the issues are to be tried.
    /// - Returns: What came of each of these, the ones that the stream has settled meanwhile among them.
    package func retryIssues(
        _ isChosen: @escaping @Sendable (SyncedTable, RowIssue) -> Bool
    ) async throws -> [RetriedIssue] {
        try await refuseAnothers()
        let chosen = try await destination.tables(of: sync.name).flatMap { copy in
            copy.issues.filter { isChosen(copy, $0) }.map { (copy: copy, issue: $0) }
        }
        for follower in try await followers(of: chosen.map(\.copy)) {
            guard let (snapshot, plan) = try await moment(for: follower, readers: 1) else {
                throw StreamError.noLogSnapshot(connection: sync.from)
            }
            _ = try await withCleanup(snapshot.close) {
                try await IssueRetry(
                    context: context,
                    method: follower.method,
                    snapshot: snapshot,
                    plan: plan,
                    isChosen: isChosen
                ).run()
            }
        }
        let now = try await destination.tables(of: sync.name)
        await noteIssues(of: now)
        return chosen.map { chosen in
            let copy = now.first { $0.schema.id == chosen.copy.schema.id && $0.target == chosen.copy.target }
            let left = copy?.issues.first { $0.id == chosen.issue.id }
            return RetriedIssue(
                table: chosen.copy.schema.name,
                target: chosen.copy.target,
                issue: left ?? chosen.issue,
                isSettled: left == nil
            )
        }
    }

    private static func open(_ chosen: (copy: SyncedTable, issue: RowIssue)) -> RetriedIssue {
        RetriedIssue(
            table: chosen.copy.schema.name,
            target: chosen.copy.target,
            issue: chosen.issue,
            isSettled: false
        )
    }

    /// Says of issues that they are to stay, so that they are not told of any more.
    ///
    /// - Returns: Those, which have not been such before.
    package func ignoreIssues(
        _ isChosen: @Sendable (SyncedTable, RowIssue) -> Bool
    ) async throws -> [RetriedIssue] {
        try await refuseAnothers()
        var ignored: [RetriedIssue] = []
        var changed: [SyncedTable] = []
        for var copy in try await destination.tables(of: sync.name) {
            let before = copy.issues
            for index in copy.issues.indices where isChosen(copy, copy.issues[index]) && !copy.issues[index].isIgnored {
                copy.issues[index].isIgnored = true
                ignored.append(Self.open((copy, copy.issues[index])))
            }
            if copy.issues != before { changed.append(copy) }
        }
        guard !changed.isEmpty else { return [] }
        try await destination.remember(changed, of: sync.name)
        await noteIssues(of: changed)
        return ignored
    }

    /// What the destination knows is what counts; history may miss it.
    private func noteIssues(of copies: [SyncedTable]) async {
        guard let state, let run = try? await state.lastRun(of: sync.name)?.id else { return }
        try? await state.record(copies.issuesByTable, sync: sync.name, run: run)
    }
}
