package import TandemRows

extension SyncedTable {
    /// Notes what changes mean for the rows that the copy does not hold as their source has them. A row that is written
    /// or removed is none of them any more.
    ///
    /// One of which not every value was sent stays one, and is taken out of `changes`: it is not at the destination, or
    /// not as it was, so what it keeps cannot be filled from there.
    ///
    /// - Parameter changes: In the columns of ``schema``.
    package mutating func settleIssues(by changes: inout NetChanges) {
        if changes.isEmptied { issues = [] }
        guard !schema.identity.isEmpty, issues.contains(where: { $0.key != nil }) else { return }
        let keys = Array(schema.identity.indices)
        var open: [RowKey: RowIssue] = [:]
        for issue in issues { if let key = issue.key { open[key] = issue } }
        var held: [RowIssue] = []
        changes.patched = changes.patched.compactMap { patched in
            hold(patched, open, keys, removed: &changes.removed, into: &held)
        }
        var settled = Set(held.compactMap(\.key)).intersection(open.keys)
        func settle(_ batch: RowBatch, _ columns: [Int]) {
            for row in 0..<batch.rowCount {
                if let key = RowKey(row, of: batch, columns: columns), open[key] != nil { settled.insert(key) }
            }
        }
        for batch in changes.removed { settle(batch, keys) }
        for rows in changes.deleted { settle(rows.rows, keys) }
        for batch in changes.written { settle(batch, schema.identity) }
        for patched in changes.patched { settle(patched.rows, schema.identity) }
        issues.removeAll { issue in issue.key.map(settled.contains) ?? false }
        for issue in held { note(issue) }
    }

    /// What is left of `patched` without the rows of which there is an issue.
    private func hold(
        _ patched: PartialUpdates,
        _ open: [RowKey: RowIssue],
        _ keys: [Int],
        removed: inout [RowBatch],
        into held: inout [RowIssue]
    ) -> PartialUpdates? {
        var kept: [Int] = []
        var moved: [Int] = []
        for row in 0..<patched.keys.rowCount {
            guard let old = RowKey(row, of: patched.keys, columns: keys), let issue = open[old],
                let new = RowKey(row, of: patched.rows, columns: schema.identity)
            else {
                kept.append(row)
                continue
            }
            if new != old { moved.append(row) }
            let text = RowKey.text(row, of: patched.rows, columns: schema.identity, schema: schema)
            var next = RowIssue(
                of: target,
                key: new,
                keyText: text,
                column: issue.column,
                cause: issue.cause,
                code: issue.code,
                constraint: issue.constraint,
                since: issue.since
            )
            next.isIgnored = issue.isIgnored
            held.append(next)
        }
        if !moved.isEmpty { removed.append(patched.keys.picking(moved)) }
        guard kept.count < patched.keys.rowCount else { return patched }
        guard !kept.isEmpty else { return nil }
        return PartialUpdates(keys: patched.keys.picking(kept), rows: patched.rows.picking(kept))
    }

    /// Adds an issue, in place of the one that there is of the same row. What is past ``RowIssue/limit`` is not listed.
    ///
    /// - Parameter earlier: Issues that there have been before, which this one may go on.
    package mutating func note(_ issue: RowIssue, after earlier: [RowIssue] = []) {
        let known = issues.firstIndex { $0.id == issue.id }
        var issue = issue
        if let former = known.map({ issues[$0] }) ?? earlier.first(where: { $0.id == issue.id }) {
            issue.since = former.since
            let isSame = (issue.code, issue.constraint) == (former.code, former.constraint)
            issue.isIgnored = issue.isIgnored || former.isIgnored && isSame
        }
        if let known {
            issues[known] = issue
        } else if issues.count < RowIssue.limit {
            issues.append(issue)
        }
    }

    /// Adds the rows that a source has left out.
    package mutating func note(_ refusals: [RejectedValue], at time: Double, after earlier: [RowIssue] = []) {
        for refusal in refusals {
            let issue = RowIssue(
                of: target,
                key: refusal.rowKey,
                keyText: refusal.key,
                column: refusal.column,
                cause: refusal.cause,
                since: time
            )
            note(issue, after: earlier)
        }
    }
}
