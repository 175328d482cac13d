import TandemCore
import TandemRows

/// A table that a stream keeps up to date: as it lies at the destination now, and how it follows its source.
struct StreamedTable {
    let plan: TablePlan
    /// As the destination remembers it, or will once the open transaction is committed.
    var copy: SyncedTable
    /// The columns as the stream knows them, under the source's names.
    var source: TableSchema

    init(plan: TablePlan, copy: SyncedTable) {
        self.plan = plan
        self.copy = copy
        source = copy.schema
        // The destination's own names may differ. A column that has been renamed since is called at the source what
        // the stream says first.
        let named = zip(plan.schema.columns, plan.targetNames).map { (ColumnID($1), $0.name) }
        let names = Dictionary(named) { first, _ in first }
        for index in source.columns.indices {
            let name = source.columns[index].name
            source.columns[index].name = names[ColumnID(name)] ?? name
        }
    }

    /// Columns that the plan knows, and the copy not yet or under other names.
    var expected: [ColumnID: String] {
        let known = Dictionary(source.columns.map { ($0.id, $0.name) }) { first, _ in first }
        let news = plan.schema.columns.filter { !(known[$0.id]?.isExactly($0.name) ?? false) }
        return Dictionary(news.map { ($0.id, $0.name) }) { first, _ in first }
    }

    /// What of it is asked for.
    var request: StreamRequest.Table {
        StreamRequest.Table(
            schema: source,
            moment: copy.moment,
            leftOut: copy.leftOut,
            expected: expected,
            keepsDeletions: copy.metadataColumns.contains(.deletedAt),
            newColumns: plan.newColumns
        )
    }

    /// The steps by which the table comes to hold what `stretch` brings.
    ///
    /// - Parameters:
    ///   - unfit: What became of values in it that did not fit.
    ///   - now: When that is, in seconds since 1970.
    mutating func follow(
        _ stretch: ChangeBatch.TableChanges,
        folding: NameFolding,
        unfit: UnfitPolicy,
        at now: Double
    ) throws(Recopy) -> TargetChanges {
        // Another row may be there by now under the key that a row had: what that one keeps cannot be taken from there.
        // (One that is not there at all is refused by the destination.)
        if copy.spansSnapshots, stretch.changes.hasPartialKeyChange {
            throw Recopy(
                table: plan,
                reason: "a row has got another key since its copy was resumed, and not all of it was sent"
            )
        }
        let before = copy
        copy.leftOut.formUnion(stretch.leftOut)
        for part in stretch.parts where copy.parts[part] == nil { copy.parts[part] = "" }
        guard stretch.schema != source else {
            let changes = settle(stretch, now)
            return TargetChanges(before: before, after: copy, changes: changes)
        }
        var evolution: [TargetChanges.Evolution] = []
        var after = copy
        after.schema.name = stretch.schema.name
        after.schema.identity = stretch.schema.identity
        after.schema.columns = []
        let kept = Set(stretch.schema.columns.map(\.id))
        for column in copy.schema.columns where !kept.contains(column.id) {
            evolution.append(.keepColumn(column.name))
            after.keptColumns.insert(column.name)
        }
        let earlier = Dictionary(zip(source.columns, copy.schema.columns).map { ($0.id, (here: $0, there: $1)) }) {
            first,
            _ in first
        }
        // A name stays taken by a column that is dropped at the source, because it stays here.
        var taken = Set((copy.schema.columns.map(\.name) + copy.keptColumns).map(folding.fold))
        for column in stretch.schema.columns {
            var target = column
            if let known = earlier[column.id] {
                guard known.there.type == column.type else {
                    throw Recopy(table: plan, reason: "column \"\(column.name)\" is now \(column.nativeType)")
                }
                target.name = known.there.name
                if !known.here.name.isExactly(column.name) {
                    try take(column.name, from: &taken, folding, releasing: known.there.name)
                    evolution.append(.renameColumn(from: known.there.name, to: column.name))
                    target.name = column.name
                }
            } else {
                try take(column.name, from: &taken, folding, releasing: nil)
                evolution.append(.addColumn(column, value: stretch.missing[column.id] ?? .null))
                let arrival = stretch.arrivals[column.id]
                if let arrival, after.definition?.note(arrival: arrival, of: column.id) == true {
                    throw Recopy(table: plan, reason: TableDefinition.changedSince(column.name))
                }
            }
            after.schema.columns.append(target)
        }
        if before.identityIDs != after.identityIDs {
            // Rows are told apart by something else now, and in that there may be values in the place of others.
            guard unfit != .clamp || !after.schema.identity.contains(where: { after.schema.columns[$0].type.mayNotFit })
            else {
                throw Recopy(table: plan, reason: "its rows are told apart by columns now that may have been clamped")
            }
            for index in after.issues.indices { after.issues[index].key = nil }
        }
        copy = after
        source = stretch.schema
        let changes = settle(stretch, now)
        return TargetChanges(before: before, after: copy, evolution: evolution, changes: changes)
    }

    /// Notes which rows are left out, and which are no more. What is left is to be applied.
    private mutating func settle(_ stretch: ChangeBatch.TableChanges, _ now: Double) -> NetChanges {
        var changes = stretch.changes
        let earlier = copy.issues
        copy.settleIssues(by: &changes)
        copy.note(stretch.refusals, at: now, after: earlier)
        return changes
    }

    private func take(
        _ name: String,
        from taken: inout Set<String>,
        _ folding: NameFolding,
        releasing old: String?
    ) throws(Recopy) {
        if let old { taken.remove(folding.fold(old)) }
        guard taken.insert(folding.fold(name)).inserted else {
            throw Recopy(table: plan, reason: "its column \"\(name)\" has the name of one that is there already")
        }
    }
}

extension TablePlan {
    /// What of it is to be held while it is copied.
    var held: BufferedTable {
        BufferedTable(
            schema: schema,
            leftOut: leftOut,
            keepsDeletions: metadataColumns.contains(.deletedAt),
            newColumns: newColumns
        )
    }
}

extension SyncedTable {
    fileprivate var identityIDs: [ColumnID] { schema.identity.map { schema.columns[$0].id } }
}
