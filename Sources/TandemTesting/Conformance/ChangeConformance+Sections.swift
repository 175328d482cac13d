import TandemCore
import TandemRows

// MARK: Copies that are loaded section by section

extension ChangeConformance {
    func sectionsAreKept() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        let old = try await publish(SampleTable(orders, ids: 500..<510), in: destination)
        try await destination.write([], advancing: state(1), of: sync)
        let parts = [SampleTable(orders, ids: 0..<3000), SampleTable(orders, ids: 3000..<3050)]
        var load = sectioned(parts[0])
        for part in parts { load = try await add(part, to: load, in: destination) }
        try expectEqual("a section is counted", load.rows, 3050)
        try await destination.discard([orders])
        try await old.expectEqual("sections leave the old copy", in: destination, of: sync)
        await destination.close()

        let next = try await harness.makeDestination(beside: destination)
        try expectEqual("sections outlive closing", try await next.sectionedLoads(of: sync), [load])
        try expect("sections are of one sync", try await next.sectionedLoads(of: "another").isEmpty)
        // Another table is put in place while a section is read.
        let more = SampleTable(orders, ids: 2900..<3050)
        let held = InterceptedRows.held(rows(of: more))
        load.spansSnapshots = true
        let begun = load
        async let added = next.load(held.rows, addingTo: begun)
        for await _ in held.asked { break }
        async let published: Void = next.publish([], retiring: [], of: sync)
        held.letGo()
        try await published
        load = try await added
        // Another table comes in and is put in place meanwhile.
        _ = try await publish(SampleTable(items, ids: 0..<10), in: next)
        try expectEqual("sections outlive other tables", try await next.sectionedLoads(of: sync), [load])
        let fault = TestFault(isTransient: true)
        let failing = InterceptedRows.failing(rows(of: SampleTable(orders, ids: 0..<9000)), after: 1, fault)
        _ = try? await next.load(failing, addingTo: load)
        // Rows that were there before come again, and some that were not.
        let last = SampleTable(orders, ids: 2990..<3100)
        load = try await add(last, to: load, in: next)
        try expectEqual("a section that failed is not counted", load.loaded, 4)
        let count = try await next.finish(load)
        try expectEqual("a key is there once", count, 3100)
        try expectEqual("what is finished is kept as well", try await next.sectionedLoads(of: sync), [load])
        try expectEqual("it may be finished again", try await next.finish(load), 3100)
        var copy = SyncedTable(target: orders, schema: last.schema, rows: count, moment: load.moment, stream: "stream")
        copy.spansSnapshots = true
        try await next.publish([copy], retiring: [], of: sync)
        let known = try await next.tables(of: sync).first { $0.target == orders }
        try expectEqual("a copy remembers that it is patchwork", known?.spansSnapshots, true)
        try expect("what is published is not kept", try await next.sectionedLoads(of: sync).isEmpty)
        var table = ModelTable(copy, SampleTable(orders, ids: 0..<3100).batches())
        // Of a key that came twice either row will do, so that these are written once more.
        let again = (2990..<3050).map { row($0, "written once more") }
        try await apply(changes(written: again), to: &table, advancing: state(2), in: next)
        try await table.expectEqual("a copy of sections takes changes", in: next, of: sync)
        copy = try await next.tables(of: sync).first { $0.target == orders } ?? copy
        copy.spansSnapshots = false
        try await next.remember([copy], of: sync)
        let whole = try await next.tables(of: sync).first { $0.target == orders }
        try expectEqual("and may be whole some day", whole?.spansSnapshots, false)
        await next.close()
    }

    func sectionsAreNotKeptForEver() async throws {
        let destination = try await harness.makeDestination(beside: nil)
        let sample = SampleTable(orders, ids: 0..<10)
        try await destination.write([], advancing: state(1), of: sync)

        var load = try await add(sample, to: sectioned(sample), in: destination)
        load = try await add(sample, to: sectioned(sample), in: destination)
        try expectEqual("a first section begins anew", try await destination.finish(load), 10)
        try await destination.drop(load)
        try expect("what is dropped is gone", try await destination.sectionedLoads(of: sync).isEmpty)

        load = try await add(sample, to: sectioned(sample), in: destination)
        _ = try await publish(SampleTable(orders, ids: 0..<5), in: destination)
        try expect("another load takes its place", try await destination.sectionedLoads(of: sync).isEmpty)

        load = try await add(sample, to: sectioned(sample), in: destination)
        try await destination.forget(sync, tables: [orders])
        try expect("what is forgotten is gone", try await destination.sectionedLoads(of: sync).isEmpty)

        load = try await add(sample, to: sectioned(sample), in: destination)
        try await destination.discard([orders])
        try await destination.write([], advancing: state(2), of: sync)
        await destination.close()
        let next = try await harness.makeDestination(beside: destination)
        _ = try await publish(SampleTable(items, ids: 0..<5), in: next)
        try expectEqual("sections stay where their stream moves", try await next.sectionedLoads(of: sync), [load])
        try await next.drop(load)
        try expect("who has not loaded it may drop it", try await next.sectionedLoads(of: sync).isEmpty)
        await next.close()
    }

    private func rows(of sample: SampleTable) -> BatchRows { BatchRows(sample.batches(), schema: sample.schema) }

    private func add(
        _ sample: SampleTable,
        to load: SectionedLoad,
        in destination: any Destination
    ) async throws -> SectionedLoad {
        try await destination.load(rows(of: sample), addingTo: load)
    }

    private func sectioned(_ sample: SampleTable) -> SectionedLoad {
        SectionedLoad(
            sync: sync,
            target: sample.schema.name,
            since: StreamCheckpoint(id: "stream", checkpoint: Checkpoint("0/1")),
            moment: Moment(checkpoint: Checkpoint("0/1"), origin: "conformance", time: 1, position: Checkpoint("0/1")),
            planned: sample.schema,
            schema: sample.schema,
            unfit: .text,
            sections: (0..<4).map { TableSection(place: "\($0)", bytes: 100) }
        )
    }
}
