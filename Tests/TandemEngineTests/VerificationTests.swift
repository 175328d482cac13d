import TandemCore
import TandemEngine
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@Suite struct VerificationTests {
    private let shop = MemoryDatabase(name: "shop")
    private let warehouse = MemoryDatabase(name: "warehouse")
    private let orders = TableName(schema: "public", table: "orders")

    private func put(_ sample: SampleTable) { shop.put(.init(schema: sample.schema, batches: sample.batches())) }

    private func copy() async throws {
        let source = MemorySource(shop)
        let tables = try await source.catalog().tables.map { table in
            TablePlan(
                source: table,
                target: table.schema.name,
                method: .fullTable,
                reason: "a test",
                schema: table.schema,
                targetNames: table.schema.columns.map(\.name)
            )
        }
        let plan = SyncPlan(sync: "test", unfit: .text, tables: tables)
        _ = try await FullCopy(context(from: source), of: plan).run()
    }

    private func context(from source: any Source) -> RunContext {
        RunContext(
            SyncConfiguration(name: "test", from: "shop", to: "warehouse"),
            from: source,
            to: MemoryDestination(warehouse),
            readers: 3
        )
    }

    private func verify() async throws -> Verification.TableResult? {
        try await Verification(context(from: MemorySource(shop))).run().first
    }

    private func differences() async throws -> RowDifferences? {
        guard case .different(let differences)? = try await verify()?.verdict else { return nil }
        return differences
    }

    @Test func equalTablesAreEqualInAnyOrder() async throws {
        put(SampleTable(orders, ids: 0..<7000))
        try await copy()
        put(SampleTable(orders, ids: (0..<7000).shuffled()))
        let result = try await verify()
        guard case .equal? = result?.verdict else { return #expect(Bool(false), "\(String(describing: result))") }
        #expect(result?.sourceRows == 7000)
        #expect(result?.sourceChecksum == result?.destinationChecksum)
        #expect(result?.sourceHasMoved == true)
    }

    @Test func aSourceThatStandsStillIsSaidToStandStill() async throws {
        put(SampleTable(orders, ids: 0..<10))
        try await copy()
        #expect(try await verify()?.sourceHasMoved == false)
    }

    @Test(arguments: 0..<20)
    func everySingleDifferenceIsFoundByItsKey(seed: Int) async throws {
        var sample = SampleTable(orders, ids: 0..<3000)
        put(sample)
        try await copy()
        let row = seed * 149 % 3000
        switch seed % 3 {
        case 0: sample.rows[row].amount = sample.rows[row].amount.map { $0 &+ 1 }
        case 1: sample.rows.remove(at: row)
        default: sample.rows.append(.init(id: 9999, note: "new", amount: 0))
        }
        put(sample)
        let found = try await differences()
        #expect(found?.different == (seed % 3 == 0 ? ["id = \(row)"] : []))
        #expect(found?.extra == (seed % 3 == 1 ? ["id = \(row)"] : []))
        #expect(found?.missing == (seed % 3 == 2 ? ["id = 9999"] : []))
        #expect(found?.isComplete == true)
    }

    @Test func aDoubledRowIsFoundThoughTheKeysAreTheSame() async throws {
        var sample = SampleTable(orders, ids: 0..<50)
        put(sample)
        try await copy()
        sample.rows.append(sample.rows[7])
        put(sample)
        #expect(try await differences()?.different == ["id = 7"])
    }

    @Test func rowsWithoutAKeyShowNoContent() async throws {
        var sample = SampleTable(orders, ids: 0..<50)
        sample.schema.identity = []
        put(sample)
        try await copy()
        sample.rows[3].note = "a secret"
        put(sample)
        let found = try await differences()
        #expect(found?.missing == ["(a row without a key)"])
        #expect(found?.extra == ["(a row without a key)"])
    }

    @Test func manyDifferencesAreNamedUpToTheLimit() async throws {
        put(SampleTable(orders, ids: 0..<5000))
        try await copy()
        put(SampleTable(orders, ids: 2500..<5000))
        let found = try await differences()
        #expect(found?.extra.count == RowDifferences.limit)
        #expect(found?.isComplete == false)
    }

    @Test func aTableThatIsGoneIsIncomparable() async throws {
        put(SampleTable(orders, ids: 0..<5))
        try await copy()
        let empty = MemorySource(MemoryDatabase(name: "shop"))
        let results = try await Verification(context(from: empty)).run()
        guard case .incomparable(let reason)? = results.first?.verdict else { return #expect(Bool(false)) }
        #expect(reason == "table public.orders is gone from the source")
    }

    /// The source without its last column, or with one more.
    private func reshape(_ change: (inout MemoryDatabase.Table) -> Void) throws {
        var table = try #require(shop.tables[orders])
        change(&table)
        shop.put(table)
    }

    @Test func aColumnThatIsGoneFromTheSourceIsLeftOutAndTheRestIsCompared() async throws {
        var sample = SampleTable(orders, ids: 0..<50)
        put(sample)
        try await copy()
        let drop: (inout MemoryDatabase.Table) -> Void = { table in
            table.schema.columns.removeLast()
            for index in table.batches.indices { table.batches[index].columns.removeLast() }
        }
        try reshape(drop)
        let result = try await verify()
        guard case .equal? = result?.verdict else { return #expect(Bool(false), "\(String(describing: result))") }
        #expect(result?.leftOut.map(\.name) == ["amount"])
        #expect(result?.leftOut.first?.reason.hasPrefix("is gone from the source") == true)
        sample.rows[7].note = "another"
        put(sample)
        try reshape(drop)
        #expect(try await differences()?.different == ["id = 7"])
    }

    @Test func rowsWhoseKeyIsGoneFromTheSourceAreComparedAsTheyAre() async throws {
        put(SampleTable(orders, ids: 0..<50))
        try await copy()
        try reshape { table in
            table.schema.columns.removeFirst()
            table.schema.identity = []
            for index in table.batches.indices { table.batches[index].columns.removeFirst() }
        }
        let result = try await verify()
        guard case .equal? = result?.verdict else { return #expect(Bool(false), "\(String(describing: result))") }
        #expect(result?.leftOut.map(\.name) == ["id"])
    }

    @Test func aColumnThatTheNextRunBringsIsSaidToBeMissing() async throws {
        put(SampleTable(orders, ids: 0..<50))
        try await copy()
        try reshape { table in
            table.schema.columns.append(ColumnSchema(name: "new", type: .bool, nativeType: "boolean"))
            for index in table.batches.indices {
                let values = Array(repeating: true, count: table.batches[index].rowCount)
                table.batches[index].columns.append(Column(storage: .bool(values)))
            }
        }
        let result = try await verify()
        guard case .equal? = result?.verdict else { return #expect(Bool(false), "\(String(describing: result))") }
        #expect(result?.leftOut.map(\.name) == ["new"])
        #expect(result?.leftOut.first?.reason == "has not been copied yet; the next run brings it")
    }
}
