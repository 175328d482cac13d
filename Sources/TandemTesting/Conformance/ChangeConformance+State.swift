import TandemCore
import TandemRows

// MARK: How far it has come

extension ChangeConformance {
    func stateIsStoredWithTheData() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        try expect("a new destination knows no stream", try await destination.stream(of: sync) == nil)
        var table = try await publish(SampleTable(orders, ids: 0..<10), in: destination)
        try expect("a copy alone is no stream", try await destination.stream(of: sync) == nil)
        try await apply(changes(removed: [1]), to: &table, advancing: state(1), in: destination)
        try expectEqual("state is stored with the data", try await destination.stream(of: sync), state(1))
        try await destination.write([], advancing: state(2), of: sync)
        try expectEqual("state advances without changes too", try await destination.stream(of: sync), state(2))
        let timeless = StreamCheckpoint(id: "stream's other", checkpoint: Checkpoint("1/0"))
        try await destination.write([], advancing: timeless, of: "another")
        try expectEqual("each sync has a stream of its own", try await destination.stream(of: sync), state(2))
        try expectEqual("a state may have no time", try await destination.stream(of: "another"), timeless)
        let noted = StreamCheckpoint(method: .triggerBased, id: "noted", checkpoint: Checkpoint("1 7:7:"), time: 7)
        try await destination.write([], advancing: noted, of: sync)
        let (logged, found) = (
            try await destination.stream(of: sync), try await destination.stream(of: sync, by: .triggerBased)
        )
        try expectEqual("each method has a stream of its own", found, noted)
        try expectEqual("and moves no other", logged, state(2))

        let copies = try await destination.tables(of: sync)
        try expectEqual("a copy knows its stream and its place in the log", copies, [table.copy].map(counted(copies)))
        table.copy.stream = "next"
        table.copy.moment.position = Checkpoint("0/7")
        try await destination.remember([table.copy].map(counted(copies)), of: sync)
        await destination.close()
        let reopened = try await harness.makeDestination(beside: destination)
        let known = try await reopened.tables(of: sync)
        try expectEqual("what is remembered outlives closing", known, [table.copy].map(counted(known)))
        try expectEqual("state outlives closing", try await reopened.stream(of: sync), state(2))
        let kept = try await reopened.stream(of: sync, by: .triggerBased)
        try expectEqual("of every method", kept, noted)
        try await table.expectEqual("data outlives closing", in: reopened, of: sync)
        await reopened.close()
    }

    /// A destination may count rows as they change, or not.
    private func counted(_ known: [SyncedTable]) -> (SyncedTable) -> SyncedTable {
        { copy in
            var copy = copy
            copy.rows = known.first { $0.target == copy.target }?.rows ?? copy.rows
            return copy
        }
    }

    func openTransactionsAreInvisible() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<3000), in: destination)
        let before = table
        try await apply(changes(removed: [1, 2]), to: &table, advancing: state(1), in: destination)
        let committed = table
        let undone = try await destination.begin(sync, refusedRows: .leaveOut)
        for step in 0..<3 {
            let rows = (0..<2000).map { row(Int64(10_000 + step * 2000 + $0), "in the transaction") }
            let target = target(table, changes(removed: [Int64(step + 10)], written: rows))
            try await undone.apply([target])
            table.apply(target)
        }
        try await committed.expectEqual("an open transaction is invisible where it is made", in: destination, of: sync)
        try expectEqual("so is its state", try await destination.stream(of: sync), state(1))
        if let other = try? await harness.makeDestination(beside: destination) {
            try await committed.expectEqual("an open transaction is invisible to others", in: other, of: sync)
            await other.close()
        }
        await undone.rollback()
        try await committed.expectEqual("rollback undoes what was open", in: destination, of: sync)
        try expectEqual("rollback keeps the state before", try await destination.stream(of: sync), state(1))
        await undone.rollback()

        table = committed
        let transaction = try await destination.begin(sync, refusedRows: .leaveOut)
        for step in 0..<3 {
            let rows = (0..<2000).map { row(Int64(10_000 + step * 2000 + $0), "in the transaction") }
            // The second part changes what the first has written.
            let changes = changes(removed: [Int64(step + 10), 10_005, 11_000 + Int64(step)], written: rows)
            let target = target(table, changes)
            if step < 2 {
                try await transaction.apply([target])
            } else {
                try await transaction.commit([target], advancing: state(3))
            }
            table.apply(target)
        }
        try await table.expectEqual("a transaction of several parts is whole", in: destination, of: sync)
        try expectEqual("and so is its state", try await destination.stream(of: sync), state(3))

        try await endedTakesNothing(table, transaction, in: destination)
        let left = try await destination.begin(sync, refusedRows: .leaveOut)
        try await left.apply([target(table, changes(removed: [20]))])
        await destination.close()
        var isRefused = false
        do { try await left.commit([], advancing: state(9)) } catch { isRefused = true }
        try expect("closing ends a transaction", isRefused)
        let reopened = try await harness.makeDestination(beside: destination)
        try await table.expectEqual("closing leaves nothing of an open transaction", in: reopened, of: sync)
        try expect("these changes were some", before.rows != table.rows)
        await reopened.close()
    }

    /// - Parameter ended: One that was committed.
    private func endedTakesNothing(
        _ table: ModelTable,
        _ ended: any WriteTransaction,
        in destination: any Destination
    ) async throws {
        let change = target(table, changes(removed: [20]))
        let former = try await destination.begin(sync, refusedRows: .leaveOut)
        try await former.apply([change])
        let current = try await destination.begin(sync, refusedRows: .leaveOut)
        for transaction in [ended, former] {
            var isRefused = false
            do { try await transaction.commit([change], advancing: state(4)) } catch { isRefused = true }
            try expect("a transaction takes nothing after its end", isRefused)
            await transaction.rollback()
        }
        try await current.commit([], advancing: state(3))
        try await table.expectEqual("one that is left open is rolled back by the next", in: destination, of: sync)
        try expectEqual("and moves no stream", try await destination.stream(of: sync), state(3))
    }

    func loadsGoOnBesideATransaction() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<100), in: destination)
        let transaction = try await destination.begin(sync, refusedRows: .leaveOut)
        let first = target(table, changes(removed: [1], written: [row(200, "before")]))
        try await transaction.apply([first])
        let sample = SampleTable(items, ids: 0..<500)
        let rows = try await destination.load(BatchRows(sample.batches(), schema: sample.schema), into: items)
        try expectEqual("what is loaded beside a transaction is counted", rows, 500)
        let second = target(table, changes(removed: [2], written: [row(201, "after")]))
        try await transaction.commit([second], advancing: state(1))
        for target in [first, second] { table.apply(target) }
        try await table.expectEqual("a transaction goes on beside a load", in: destination, of: sync)
        let loaded = SyncedTable(target: items, schema: sample.schema, rows: rows, moment: table.copy.moment)
        try await destination.publish([loaded], retiring: [], of: sync)
        let copied = ModelTable(loaded, sample.batches())
        try await copied.expectEqual("what was loaded beside a transaction is whole", in: destination, of: sync)
        await destination.close()
    }

    func errorsLeaveNothing() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        let first = try await publish(SampleTable(orders, ids: 0..<100), in: destination)
        var second = try await publish(SampleTable(items, ids: 0..<100), in: destination)
        try await destination.write([], advancing: state(1), of: sync)
        var missing = second
        missing.copy.target = TableName(schema: "shop", table: "nowhere")
        let isRefused = try await isRefused(
            [
                target(first, changes(removed: [1, 2], written: [row(1, "changed")])),
                target(missing, changes(removed: [3])), target(second, changes(removed: [3])),
            ],
            for: missing.copy.target,
            in: destination
        )
        try expect("a table that is not there is refused", isRefused)
        try await first.expectEqual("an error undoes what came before it", in: destination, of: sync)
        try await second.expectEqual("nothing comes after an error", in: destination, of: sync)
        try expectEqual("an error keeps the state before", try await destination.stream(of: sync), state(1))

        let open = try await destination.begin(sync, refusedRows: .leaveOut)
        try await open.apply([target(first, changes(removed: [5]))])
        let parts = [target(second, changes(removed: [4])), target(missing, changes(removed: [3]))]
        do { try await open.commit(parts, advancing: state(99)) } catch is TableMismatch {}
        try await first.expectEqual("an error undoes the whole transaction", in: destination, of: sync)
        try await apply(changes(removed: [7]), to: &second, advancing: state(2), in: destination)
        try await second.expectEqual("after an error it goes on", in: destination, of: sync)
        try await first.expectEqual("an undone transaction does not come back", in: destination, of: sync)
        await destination.close()
    }

    func copiesAreMadeAgain() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<100), in: destination)
        try await apply(changes(removed: [1, 2]), to: &table, advancing: state(1), in: destination)
        table = try await publish(SampleTable(orders, ids: 50..<200), in: destination)
        try await table.expectEqual("a copy takes the place of one that was changed", in: destination, of: sync)
        try expectEqual("a copy leaves the state", try await destination.stream(of: sync), state(1))
        _ = try await publish(SampleTable(items, ids: 0..<10), in: destination)
        try await apply(changes(removed: [60]), to: &table, advancing: state(2), in: destination)
        try await table.expectEqual("a copy made again takes changes", in: destination, of: sync)
        await destination.close()
    }

    func forgottenStreamsAreGone() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        var table = try await publish(SampleTable(orders, ids: 0..<10), in: destination)
        try await apply(changes(removed: [1]), to: &table, advancing: state(1), in: destination)
        try await destination.write([], advancing: state(5), of: "another")
        try await destination.forget(sync, tables: [orders])
        try expectEqual("a sync goes on when one table is forgotten", try await destination.stream(of: sync), state(1))
        try await destination.forget(sync, tables: nil)
        try expect("a sync is forgotten with its stream", try await destination.stream(of: sync) == nil)
        try expectEqual("the streams of others stay", try await destination.stream(of: "another"), state(5))
        try await whatWasMadeIsRemembered(at: destination)
        _ = try await destination.teardown()
        try expect("teardown removes all streams", try await destination.stream(of: "another") == nil)
        await destination.close()
    }

    private func whatWasMadeIsRemembered(at destination: any Destination) async throws {
        func object(_ sync: String, _ name: String, replacing: String? = nil) -> MadeObject {
            MadeObject(sync: sync, project: "p", kind: .slot, name: name, place: "here", replacing: replacing)
        }
        try await destination.note(made: [object(sync, "a"), object("other", "a"), object(sync, "b")], gone: [])
        try await destination.note(made: [object(sync, "a", replacing: "s")], gone: [object(sync, "b", replacing: "x")])
        try expectEqual("what was made", try await destination.made(of: sync), [object(sync, "a", replacing: "s")])
        try expectEqual("what was made for all", try await Set(destination.made(of: nil).map(\.sync)), [sync, "other"])
        try await destination.write([], advancing: state(7), of: sync)
        _ = try await publish(SampleTable(items, ids: 0..<5), in: destination)
        try await destination.forget(sync, tables: [items])
        try expect("what has a name is renamed", try await destination.rename(sync, to: "renamed"))
        try expect("the old name is unknown then", try await destination.rename(sync, to: "renamed") == false)
        try expectEqual("the stream has the new name", try await destination.stream(of: "renamed"), state(7))
        try expect("and not the old one", try await destination.stream(of: sync) == nil)
        try await destination.forget("renamed", tables: nil)
        try expectEqual("what was made is not forgotten", try await destination.made(of: "renamed").map(\.name), ["a"])
        try expectEqual("nor is another's", try await destination.made(of: "other"), [object("other", "a")])
        try await destination.note(made: [], gone: [object("renamed", "a")])
        try expectEqual("until it is gone", try await destination.made(of: "renamed"), [])
    }
}
