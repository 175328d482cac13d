import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What only Postgres can get wrong about changes: constraints, what users attached, its own types, its connections.
@Suite(.blocking) struct ApplyTests {
    private let orders = TableName(schema: "shop", table: "orders")
    private let items = TableName(schema: "shop", table: "items")

    private func state(_ number: Int) -> StreamCheckpoint {
        StreamCheckpoint(id: "s", checkpoint: Checkpoint("0/\(number)"))
    }

    private func published(
        _ ids: Range<Int>,
        in database: TestDatabase,
        _ destination: PostgresDestination
    ) async throws -> [SyncedTable] {
        let copies = [
            try await database.load(orders, ids: ids, into: destination),
            try await database.load(items, ids: ids, into: destination),
        ]
        try await destination.publish(copies, retiring: [], of: "s")
        return copies
    }

    /// Removes and writes rows of a sample table.
    private func changes(_ copy: SyncedTable, removed: [Int] = [], written: [Int] = []) -> TargetChanges {
        var changes = NetChanges()
        let keys = Set(removed + written).sorted().map(Int64.init)
        if !keys.isEmpty {
            let column = Column(storage: .int64(keys))
            changes.removed = [RowBatch(rowCount: keys.count, columns: [column], byteCount: 0)]
        }
        changes.written = SampleTable(copy.target, ids: written).batches()
        return TargetChanges(before: copy, after: copy, changes: changes)
    }

    /// In whatever order the tables come: a child comes after its parent, and goes before it.
    @Test(arguments: PostgresServer.Version.allCases, [true, false])
    func foreignKeysBetweenTablesHold(version: PostgresServer.Version, childFirst: Bool) async throws {
        let database = try TestDatabase(version)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        try database.execute("ALTER TABLE shop.items ADD FOREIGN KEY (id) REFERENCES shop.orders")
        func apply(_ number: Int, removed: [Int], written: [Int]) async throws {
            let both = copies.map { changes($0, removed: removed, written: written) }
            try await destination.write(childFirst ? both.reversed() : both, advancing: state(number), of: "s")
        }
        try await apply(1, removed: [], written: [100, 101, 5])
        try await apply(2, removed: [0, 1, 2, 100], written: [200])
        #expect(try database.execute("SELECT count(*), sum(id) FROM shop.items JOIN shop.orders USING (id)") == "9|343")
        // Both are emptied by one statement of the source's, and filled again.
        var both = copies.map { changes($0, written: [7, 8]) }
        for index in both.indices { (both[index].changes.isEmptied, both[index].changes.removed) = (true, []) }
        try await destination.write(childFirst ? both.reversed() : both, advancing: state(3), of: "s")
        #expect(try database.execute("SELECT count(*), sum(id) FROM shop.items JOIN shop.orders USING (id)") == "2|15")
        await destination.close()
    }

    /// A row that is changed stays the same row to whatever refers to it.
    @Test func changedRowsKeepWhatUsersAttached() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        try database.execute(
            """
            CREATE TABLE shop.mine (o bigint REFERENCES shop.orders ON DELETE CASCADE);
            INSERT INTO shop.mine SELECT id FROM shop.orders;
            ALTER TABLE shop.orders ADD comment text; UPDATE shop.orders SET comment = 'mine ' || id;
            CREATE VIEW shop.v AS SELECT * FROM shop.orders;
            """
        )
        let change = changes(copies[0], removed: [3], written: [4, 5, 50])
        try await destination.write([change], advancing: state(1), of: "s")
        #expect(try database.execute("SELECT count(*) FROM shop.mine") == "9")
        #expect(try database.execute("SELECT comment FROM shop.v WHERE id IN (4, 50) ORDER BY id") == "mine 4")
        await destination.close()
    }

    @Test func aConstraintThatUsersMadeIsNamedAndNothingElseIsHeldUp() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        try database.execute("ALTER TABLE shop.items ADD CONSTRAINT few CHECK (id < 50)")
        let batch = copies.map { changes($0, written: [60]) }
        let issues = try await destination.write(batch, advancing: state(1), of: "s")
        let issue = try #require(issues.values.first?.first)
        #expect(issues.count == 1 && issue.keyText == "id = 60" && issue.constraint == "few")
        #expect(try await destination.tables(of: "s").flatMap(\.issues) == [issue])
        #expect(try await destination.stream(of: "s") == state(1))
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "11")
        #expect(try database.execute("SELECT count(*) FROM shop.items") == "10")
        try database.execute("ALTER TABLE shop.items DROP CONSTRAINT few")
        let settled = batch.map { change in
            var change = change
            change.before.issues = issues[change.before.target] ?? []
            return change
        }
        let again = try await destination.write(settled, advancing: state(2), of: "s")
        #expect(again.isEmpty)
        #expect(try await destination.tables(of: "s").flatMap(\.issues).isEmpty)
        #expect(try database.execute("SELECT count(*) FROM shop.orders JOIN shop.items USING (id)") == "11")
        await destination.close()
    }

    /// A transaction that comes in parts: what is refused in one of them leaves the others alone, and a row that an
    /// earlier part was refused is not filled from what is there.
    @Test func partsOfATransactionAreSievedEachByItself() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        try database.execute("ALTER TABLE shop.items ADD CONSTRAINT few CHECK (id < 50)")
        let transaction = try await destination.begin("s", refusedRows: .leaveOut)
        try await transaction.apply([changes(copies[0], written: [11])])
        let items = try #require(copies.first { $0.target.table == "items" })
        let part = try await transaction.apply([changes(items, written: [12, 60])])
        #expect(part.values.flatMap(\.self).map(\.keyText) == ["id = 60"])
        #expect(try database.execute("SELECT count(*) FROM shop.items") == "10", "nothing is seen before the end")
        var known = items
        known.issues = part[items.target] ?? []
        let last = try await transaction.commit([changes(known, written: [13, 70])], advancing: state(1))
        #expect(last.values.flatMap(\.self).map(\.keyText) == ["id = 60", "id = 70"])
        #expect(try await destination.tables(of: "s").flatMap(\.issues).count == 2)
        #expect(try database.execute("SELECT count(*) FROM shop.items") == "12")
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "11")
        await destination.close()
    }

    /// The first part is the one that begins anew where rows of it are refused, and others follow it all the same.
    @Test func aTransactionGoesOnAfterItsFirstPartWasSieved() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        try database.execute("ALTER TABLE shop.items ADD CONSTRAINT few CHECK (id < 50)")
        var items = try #require(copies.first { $0.target.table == "items" })
        let transaction = try await destination.begin("s", refusedRows: .leaveOut)
        for (ids, refused) in [([12, 60], ["id = 60"]), ([13, 70], ["id = 60", "id = 70"]), ([14], [])] {
            let found = try await transaction.apply([changes(items, written: ids)])
            #expect(found.values.flatMap(\.self).map(\.keyText) == refused)
            items.issues = found[items.target] ?? items.issues
        }
        try await transaction.commit([changes(copies[0], written: [11])], advancing: state(1))
        #expect(try database.execute("SELECT count(*) FROM shop.items") == "13")
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "11")
        #expect(try await destination.tables(of: "s").flatMap(\.issues).count == 2)
        await destination.close()
    }

    /// The answer to a commit was lost, and the same changes come again.
    @Test func rowsWithoutAKeyAreNotAppliedTwice() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        var sample = SampleTable(orders, ids: 0..<10)
        sample.schema.identity = []
        let copy = try await database.load(sample, into: destination)
        try await destination.publish([copy], retiring: [], of: "s")
        var change = NetChanges()
        change.written = SampleTable(orders, ids: [1, 1, 1]).batches()
        let target = TargetChanges(before: copy, after: copy, changes: change)
        for _ in 1...2 { try await destination.write([target], advancing: state(1), of: "s") }
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "13")
        change = NetChanges()
        change.removed = SampleTable(orders, ids: [1, 1]).batches()
        let removal = TargetChanges(before: copy, after: copy, changes: change)
        for _ in 1...2 { try await destination.write([removal], advancing: state(2), of: "s") }
        #expect(try database.execute("SELECT count(*), count(*) FILTER (WHERE id = 1) FROM shop.orders") == "11|2")
        await destination.close()
    }

    /// A part of a transaction is gone with its connection, and the rest must not be applied without it.
    @Test func aLostConnectionUndoesTheWholeTransaction() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        let transaction = try await destination.begin("s", refusedRows: .leaveOut)
        try await transaction.apply([changes(copies[0], written: [50])])
        try database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                + "AND state = 'idle in transaction'"
        )
        try database.server.awaitRow(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' "
                + "AND datname = current_database())",
            in: database.name
        )
        await #expect(throws: PostgresError.self) {
            try await transaction.commit([changes(copies[0], written: [51])], advancing: state(1))
        }
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "10")
        let all = changes(copies[0], written: [50, 51])
        try await destination.write([all], advancing: state(1), of: "s")
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "12")
        #expect(try await destination.stream(of: "s") == state(1))
        await destination.close()
    }

    /// A table is emptied though somebody reads it: who reads on sees what was there, and is not waited for.
    @Test func readersDoNotKeepATableFromBeingEmptied() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        let copies = try await published(0..<10, in: database, destination)
        let reader = try database.session()
        try reader.begin(.snapshot)
        #expect(try reader.query("SELECT count(*) FROM shop.orders").value == "10")
        var change = changes(copies[0], written: [7])
        change.changes.removed = []
        change.changes.isEmptied = true
        try await destination.write([change], advancing: state(1), of: "s")
        #expect(try reader.query("SELECT count(*) FROM shop.orders").value == "10")
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "1")
        try reader.execute("COMMIT")
        await destination.close()
    }

    /// What the version before wrote, by every kind of sync: it is read as it is, and goes on in the new form.
    @Test func takesOverTheVersionBefore() async throws {
        let database = try TestDatabase(.v16)
        let fixture = URL(filePath: #filePath).appending(path: "../../../Fixtures/postgres-metadata-9.sql").standardized
        try database.execute(String(contentsOf: fixture, encoding: .utf8))
        let destination = database.destination()
        let (log, cursor) = (try await destination.tables(of: "p"), try await destination.tables(of: "pr"))
        #expect(log.map(\.target.table) == ["moods", "orders", "parts", "read", "strict"])
        let tables = Dictionary(uniqueKeysWithValues: log.map { ($0.target.table, $0) })
        let orders = try #require(tables["orders"])
        #expect(orders.keptColumns == ["gone"] && orders.leftOut == [2] && orders.metadataColumns == .deletedAt)
        #expect(orders.schema.columns.map(\.name) == ["id", "amount", "it's, a \"name\""])
        #expect(orders.schema.identity == [0] && orders.schema.columns[1].id == 4)
        #expect(tables["parts"]?.parts.count == 2 && tables["strict"]?.issues.count == 2)
        #expect(tables["moods"]?.definition?.facts.keys.contains { $0.kind == .label } == true)
        #expect(cursor.first?.cursor?.columns == [2] && cursor.first?.stream == nil)
        let stream = try #require(try await destination.stream(of: "p", by: .logBased))
        #expect(log.allSatisfy { $0.stream == stream.id })
        let made = try await destination.made(of: nil)
        #expect(made.count == 6)
        #expect(try database.execute("SELECT version FROM tandem.version") == "9", "reading changes nothing")
        try await destination.remember([orders], of: "p")
        #expect(try database.execute("SELECT version FROM tandem.version") == "10")
        #expect(try await destination.tables(of: "p") == log)
        #expect(try await destination.tables(of: "pr") == cursor)
        #expect(try await destination.made(of: nil) == made)
        let status =
            "SELECT string_agg(concat_ws(' ', table_name, issues, extract(year FROM as_of)), ',' ORDER BY table_name)"
        let found = try database.execute("\(status) FROM tandem.status WHERE sync = 'p'")
        #expect(found == "moods 0 2026,orders 0 2026,parts 0 2026,read 0 2026,strict 2 2026")
        #expect(try await destination.teardown().contains("schema tandem"))
        await destination.close()
    }

    @Test func refusesWhatIsOlder() async throws {
        let database = try TestDatabase(.v16)
        let destination = database.destination()
        try await destination.remember([], of: "s")
        try database.execute("UPDATE tandem.version SET version = 8")
        let error = await #expect(throws: PostgresError.self) { try await destination.tables(of: "s") }
        #expect(error?.description.contains("too old") == true && error?.remedy?.text.contains("teardown") == true)
        await destination.close()
    }

    /// A view of a user's own that has our view's name stays.
    @Test func allThatIsKnownOfACopyIsRemembered() async throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE SCHEMA tandem; CREATE VIEW tandem.status AS SELECT 1 AS mine")
        let destination = database.destination()
        let schema = SampleTable(orders, ids: 0..<3).schema
        _ = try await destination.load(
            BatchRows(SampleTable(orders, ids: 0..<3).batches(), schema: schema),
            into: orders
        )
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        var copy = SyncedTable(target: orders, schema: schema, rows: 3, moment: moment, stream: "stream")
        try await destination.publish([copy], retiring: [], of: "s")
        copy.leftOut = [3, 12]
        copy.spansSnapshots = true
        copy.keptColumns = ["a, b", "it's"]
        copy.metadataColumns = .deletedAt
        copy.parts = [16_390: "731", 16_400: ""]
        copy.definition = TableDefinition([.init(.label, 16_500): "731.0f"], moment: 7)
        copy.cursor = CursorState(columns: [2, 1], last: ["2024-01-01", "it's 1"], reads: 3)
        copy.issues = [RowIssue(of: orders, key: RowKey(texts: ["n5"]), keyText: "id = 5", cause: "it's \\", since: 1)]
        try await destination.remember([copy], of: "s")
        #expect(try await destination.tables(of: "s") == [copy])
        let noted = "SELECT relation = 'shop.orders'::regclass::oid::bigint FROM tandem.tables"
        #expect(try database.execute(noted) == "t")
        let slot = MadeObject(sync: "s", project: "p", kind: .slot, name: "tandem_p", place: "here")
        try await destination.note(made: [slot], gone: [])
        #expect(try await destination.made(of: "s") == [slot])
        _ = try await destination.teardown()
        #expect(try database.execute("SELECT mine FROM tandem.status") == "1")
        await destination.close()
    }

    /// Text goes into the types the source has, and what is absent comes back out of them.
    @Test(arguments: PostgresServer.Version.allCases)
    func nativeTypesTakeChanges(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        let destination = database.destination()
        let natives = ["inet", "numeric", "character varying(9)", "character(3)", "int4range", "inet[]", "text"]
        var schema = TableSchema(name: orders, id: 1, columns: [], identity: [0])
        schema.columns = [ColumnSchema(name: "id", type: .text, nativeType: "cidr", id: 1)]
        schema.columns += natives.enumerated().map { index, native in
            ColumnSchema(name: "c\(index)", type: .text, nativeType: native, id: ColumnID(index + 2))
        }
        let rows = [
            ["10.0.0.0/8", "10.0.0.1", "-12.340", "é", "a  ", "[1,5)", "{10.0.0.1,NULL}", "x"],
            ["10.1.0.0/16", "::1/64", "1e3", "", "b  ", "empty", "{}", ""],
        ]
        let sent = try await destination.load(BatchRows([Self.batch([rows[0]])], schema: schema), into: orders)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        let copy = SyncedTable(target: orders, schema: schema, rows: sent, moment: moment)
        try await destination.publish([copy], retiring: [], of: "s")
        var written = NetChanges()
        var second = rows[1]
        second[2] = "1000"
        written.written = [Self.batch([second])]
        try await destination.write(
            [TargetChanges(before: copy, after: copy, changes: written)],
            advancing: state(1),
            of: "s"
        )
        var patch = Self.batch([["11.0.0.0/8"] + Array(repeating: "", count: natives.count)])
        for index in 1...natives.count { patch.columns[index].absent = Bitmap(repeating: true, count: 1) }
        var patched = NetChanges()
        patched.patched = [PartialUpdates(keys: Self.batch([[rows[0][0]]]), rows: patch)]
        try await destination.write(
            [TargetChanges(before: copy, after: copy, changes: patched)],
            advancing: state(2),
            of: "s"
        )
        let found = try database.execute("SELECT * FROM shop.orders ORDER BY id").split(separator: "\n").map(
            String.init
        )
        #expect(
            found == [
                "10.1.0.0/16|::1/64|1000||b  |empty|{}|", "11.0.0.0/8|10.0.0.1|-12.340|é|a  |[1,5)|{10.0.0.1,NULL}|x",
            ]
        )
        // What the server cannot read as the type it has there.
        var wrong = NetChanges()
        wrong.written = [Self.batch([["12.0.0.0/8", "no address"] + second.dropFirst(2)])]
        await #expect(throws: TableMismatch.self) {
            try await destination.write(
                [TargetChanges(before: copy, after: copy, changes: wrong)],
                advancing: state(3),
                of: "s"
            )
        }
        #expect(try database.execute("SELECT count(*) FROM shop.orders") == "2")
        await destination.close()
    }

    /// Columns of text.
    private static func batch(_ rows: [[String]]) -> RowBatch {
        let storage = ByteStorage()
        let columns = rows[0].indices.map { index in
            let views = rows.map { row in
                let bytes = Array(row[index].utf8)
                return ByteViews.View(
                    start: UInt32(bytes.withUnsafeBytes { storage.append($0) }),
                    length: UInt32(bytes.count)
                )
            }
            return Column(storage: .bytes(ByteViews(views: views, storage: storage)))
        }
        return RowBatch(rowCount: rows.count, columns: columns, byteCount: 0)
    }

    /// More tables than are kept ready at once.
    @Test func manyTablesTakeTurns() async throws {
        let database = try TestDatabase(.v18)
        let destination = database.destination()
        var copies: [SyncedTable] = []
        for number in 0..<70 {
            let name = TableName(schema: "shop", table: "t\(number)")
            copies.append(try await database.load(name, ids: 0..<2, into: destination))
        }
        try await destination.publish(copies, retiring: [], of: "s")
        for step in 1...2 {
            let transaction = try await destination.begin("s", refusedRows: .leaveOut)
            try await transaction.apply(copies.map { changes($0, written: [step + 10]) })
            try await transaction.commit(copies.map { changes($0, removed: [step - 1]) }, advancing: state(step))
        }
        for number in [0, 33, 69] {
            #expect(
                try database.execute("SELECT string_agg(id::text, ',' ORDER BY id) FROM shop.t\(number)") == "11,12"
            )
        }
        await destination.close()
    }
}
