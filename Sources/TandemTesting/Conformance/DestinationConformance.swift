public import TandemCore
import TandemRows

/// What a destination's own tests provide so that the suite can run against it.
public protocol DestinationHarness: Sendable {
    /// A destination with nothing in it, or the same place again, closed in between, where `reopening` is one.
    func makeDestination(reopening: (any Destination)?) async throws -> any Destination
}

/// Every promise of ``Destination``, kept or not.
public struct DestinationConformance<Harness: DestinationHarness>: Sendable {
    private let harness: Harness
    private let sync = "conformance"
    private let orders = TableName(schema: "shop", table: "orders")
    private let items = TableName(schema: "shop", table: "items")

    public init(_ harness: Harness) { self.harness = harness }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        try await publishPutsInPlace()
        try await discardKeepsTheOldCopy()
        try await aPublicationLeavesOtherLoads()
        try await failedLoadKeepsTheOldCopy()
        try await renamedTableRetiresItsOldName()
        try await loadTwiceKeepsTheLast()
        try await manyReadersLoseNothing()
        try await forgetKeepsRows()
        try await sumsAreTheSameEverywhere()
        try await cancelledLoadThrows()
    }

    private func load(
        _ sample: SampleTable,
        into destination: any Destination,
        readers: Int = 1
    ) async throws -> SyncedTable {
        let rows = BatchRows(sample.batches(), schema: sample.schema, readers: readers)
        let written = try await destination.load(rows, into: sample.schema.name)
        try expectEqual("load returns the rows it wrote", written, sample.rows.count)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "conformance", time: 1)
        return SyncedTable(target: sample.schema.name, schema: sample.schema, rows: written, moment: moment)
    }

    private func content(of name: TableName, in destination: any Destination) async throws -> [SampleTable.Row]? {
        guard let copy = try await destination.tables(of: sync).first(where: { $0.target == name }) else { return nil }
        let batches = try await destination.rows(of: copy, as: copy.schema).pullAll().flatMap { $0 }
        return SampleTable.rows(in: batches).sorted { $0.id < $1.id }
    }

    private func publishPutsInPlace() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        try expect("a new destination knows no tables", try await destination.tables(of: sync).isEmpty)
        let first = SampleTable(orders, ids: 0..<3000)
        let second = SampleTable(items, ids: [])
        let copies = [try await load(first, into: destination), try await load(second, into: destination)]
        try expect("a load is not known before it is published", try await destination.tables(of: sync).isEmpty)
        try await destination.publish(copies, retiring: [], of: sync)
        let reopened = try await harness.makeDestination(reopening: destination)
        let known = try await reopened.tables(of: sync).sorted { $0.target < $1.target }
        try expectEqual("a destination remembers what was published", known, copies.sorted { $0.target < $1.target })
        try expect("another sync's tables are not this one's", try await reopened.tables(of: "other").isEmpty)
        try expectEqual("a destination knows who wrote what", try await reopened.owners(), [orders: sync, items: sync])
        try expectEqual("rows come back as they went", try await content(of: orders, in: reopened), first.rows)
        try expectEqual("an empty table is a table", try await content(of: items, in: reopened), [])
        try expectEqual("what was put here is here", try await reopened.departed(among: copies), [:])
        var absent = copies[0]
        absent.target = TableName(schema: "shop", table: "never_there")
        let departed = try await reopened.departed(among: copies + [absent])
        try expectEqual("a copy that is not here is named", Array(departed.keys), [absent.target])
        await reopened.close()
    }

    private func discardKeepsTheOldCopy() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let old = SampleTable(orders, ids: 0..<10)
        try await destination.publish([load(old, into: destination)], retiring: [], of: sync)
        _ = try await load(SampleTable(orders, ids: 0..<20), into: destination)
        try await destination.discard([orders])
        try expectEqual(
            "what is discarded leaves the old copy",
            try await content(of: orders, in: destination),
            old.rows
        )
        await destination.close()
    }

    private func aPublicationLeavesOtherLoads() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let (first, second) = (SampleTable(orders, ids: 0..<10), SampleTable(items, ids: 0..<3000))
        let waiting = try await load(second, into: destination)
        try await destination.publish([load(first, into: destination)], retiring: [], of: sync)
        try await destination.publish([], retiring: [orders], of: sync)
        try await destination.publish([waiting], retiring: [], of: sync)
        try expectEqual("others leave what was loaded", try await content(of: items, in: destination), second.rows)
        // Nor does what is discarded take more with it.
        let third = SampleTable(items, ids: 0..<7)
        let again = try await load(third, into: destination)
        _ = try await load(first, into: destination)
        try await destination.discard([orders])
        try await destination.publish([again], retiring: [], of: sync)
        try expectEqual("what is discarded leaves others", try await content(of: items, in: destination), third.rows)
        // One that is being loaded all the while.
        let large = SampleTable(items, ids: 0..<20_000)
        let held = InterceptedRows.held(BatchRows(large.batches(), schema: large.schema))
        async let loaded = destination.load(held.rows, into: items)
        for await _ in held.asked { break }
        async let published: Void = destination.publish([], retiring: [], of: sync)
        held.letGo()
        try await published
        var copy = waiting
        copy.rows = try await loaded
        try await destination.publish([copy], retiring: [], of: sync)
        try expectEqual("and what is being loaded", try await content(of: items, in: destination), large.rows)
        await destination.close()
    }

    private func failedLoadKeepsTheOldCopy() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let old = SampleTable(orders, ids: 0..<10)
        try await destination.publish([load(old, into: destination)], retiring: [], of: sync)
        let sample = SampleTable(orders, ids: 0..<5000)
        for failure in [UnfitValues(columns: [1]), UnfitValues(columns: [0, 2])] {
            do {
                let sampled = BatchRows(sample.batches(), schema: sample.schema)
                let rows = InterceptedRows.failing(sampled, after: 2, failure)
                _ = try await destination.load(rows, into: orders)
                throw ConformanceFailure(promise: "a reader's error ends the load", found: "it went on")
            } catch let error as UnfitValues {
                try expectEqual("load throws the reader's own error", error, failure)
            }
            try expectEqual(
                "a failed load leaves the old copy",
                try await content(of: orders, in: destination),
                old.rows
            )
        }
        let next = SampleTable(orders, ids: 5..<7)
        try await destination.publish([load(next, into: destination)], retiring: [], of: sync)
        try expectEqual("a load after a failed one is whole", try await content(of: orders, in: destination), next.rows)
        await destination.close()
    }

    private func renamedTableRetiresItsOldName() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        try await destination.publish(
            [load(SampleTable(orders, ids: 0..<10), into: destination)],
            retiring: [],
            of: sync
        )
        let renamed = SampleTable(items, ids: 0..<11)
        try await destination.publish([load(renamed, into: destination)], retiring: [orders], of: sync)
        try expectEqual("a retired table is gone", try await destination.tables(of: sync).map(\.target), [items])
        try expectEqual("its new name holds the rows", try await content(of: items, in: destination), renamed.rows)
        await destination.close()
    }

    private func loadTwiceKeepsTheLast() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        _ = try await load(SampleTable(orders, ids: 0..<10), into: destination)
        let second = SampleTable(orders, ids: 100..<103)
        try await destination.publish([load(second, into: destination)], retiring: [], of: sync)
        try expectEqual(
            "a second load takes the first one's place",
            try await content(of: orders, in: destination),
            second.rows
        )
        await destination.close()
    }

    private func manyReadersLoseNothing() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let sample = SampleTable(orders, ids: 0..<50_000)
        try await destination.publish([load(sample, into: destination, readers: 4)], retiring: [], of: sync)
        let found = try await content(of: orders, in: destination)
        try expect("rows of several readers all arrive", found == sample.rows, found: "\(found?.count ?? 0) rows")
        await destination.close()
    }

    private func forgetKeepsRows() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let copies = [
            try await load(SampleTable(orders, ids: 0..<3), into: destination),
            try await load(SampleTable(items, ids: 0..<4), into: destination),
        ]
        try await destination.publish(copies, retiring: [], of: sync)
        try await destination.forget(sync, tables: [orders])
        try expectEqual(
            "forgetting one table keeps the others",
            try await destination.tables(of: sync).map(\.target),
            [items]
        )
        let rows = try await destination.rows(of: copies[0], as: copies[0].schema).pullAll().flatMap { $0 }
        try expectEqual("a forgotten table keeps its rows", SampleTable.rows(in: rows).count, 3)
        try await destination.forget(sync, tables: nil)
        try expect("forgetting a sync forgets its tables", try await destination.tables(of: sync).isEmpty)
        await destination.close()
    }

    private func sumsAreTheSameEverywhere() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let copy = try await load(SampleTable(orders, ids: 0..<1000), into: destination)
        try await destination.publish([copy], retiring: [], of: sync)
        if let sum = try await destination.sum(of: copy, as: copy.schema) {
            try expectEqual("equal rows have the same sum at every destination", sum, SampleTable.sumOfThousand)
        }
        await destination.close()
    }

    private func cancelledLoadThrows() async throws {
        let destination = try await harness.makeDestination(reopening: nil)
        let sample = SampleTable(orders, ids: 0..<5000)
        let rows = BatchRows(sample.batches(), schema: sample.schema)
        rows.cancel()
        do {
            _ = try await destination.load(rows, into: orders)
            throw ConformanceFailure(
                promise: "a load whose rows are cancelled throws CancellationError",
                found: "it went on"
            )
        } catch is CancellationError {}
        await destination.close()
    }
}
