import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Which transactions a copy shows already.
@Suite(.blocking) struct StreamMomentTests {
    @Test func whatASnapshotShows() throws {
        let snapshot = try #require(SnapshotVisibility("100:200:120,150,110"))
        #expect([99, 100, 119, 199].allSatisfy { snapshot.shows($0) })
        #expect([110, 120, 150, 200, 201].allSatisfy { !snapshot.shows($0) })
        let idle = try #require(SnapshotVisibility("7:7:"))
        #expect(idle.shows(6) && !idle.shows(7))
        #expect(["", "1:2", "2:1:", "a:2:", "1:2:x", "1:2:3:4"].allSatisfy { SnapshotVisibility($0) == nil })
    }

    /// Numbers in the log have 32 bits and begin again.
    @Test func numbersThatBeganAgain() throws {
        let snapshot = try #require(SnapshotVisibility("8589934590:8589934600:8589934594"))
        #expect(snapshot.full(4_294_967_295) == 8_589_934_591)
        #expect(snapshot.full(3) == 8_589_934_595)
        #expect(snapshot.shows(4_294_967_295) && snapshot.shows(1) && !snapshot.shows(2) && !snapshot.shows(8))
        let young = try #require(SnapshotVisibility("10:20:"))
        #expect(young.full(30) == 30 && young.full(4_294_967_290) == 4_294_967_290)
    }

    /// What stands in the catalog may be older than half of all numbers with 32 bits.
    @Test func whoGaveATableItsName() throws {
        #expect(RelationCatalog.full(90, before: 100) == 90)
        #expect(RelationCatalog.full(3, before: 4_294_967_300) == 4_294_967_299)
        #expect(RelationCatalog.full(5, before: 4_294_967_300) == 5)
        #expect(RelationCatalog.full(7, before: 6) == 0)
        let moment = Moment(checkpoint: Checkpoint("3000000000:3000000009:"), origin: "", time: 0)
        let table = try #require(TableMoment(moment))
        #expect(table.isAfter(10) && !table.isAfter(3_000_000_000))
    }

    @Test func whatTheLogHasPassed() throws {
        let moment = Moment(checkpoint: Checkpoint("10:20:15"), origin: "", time: 0, position: Checkpoint("0/500"))
        var table = try #require(TableMoment(moment))
        let starts = [
            TransactionStart(xid: 12, commit: LSN(rawValue: 0x400)),
            TransactionStart(xid: 15, commit: LSN(rawValue: 0x420)),
            TransactionStart(xid: 11, end: LSN(rawValue: 0x500)),
            // A number that the snapshot would show, of a transaction that came after it.
            TransactionStart(xid: 11, commit: LSN(rawValue: 0x500)),
        ]
        var shown: [Bool] = []
        for (number, start) in starts.enumerated() { shown.append(table.shows(start, number: number)) }
        #expect(shown == [true, false, true, false])
        #expect(TableMoment(Moment(checkpoint: Checkpoint("0/1"), origin: "", time: 0)) == nil)
    }

    /// The questions for older servers are put to those at hand.
    @Test(arguments: PostgresServer.Version.allCases, [90_400, 90_600, 100_000, 110_000, 120_000, 180_000])
    func questionsForOlderServers(_ version: PostgresServer.Version, _ pinned: Int) throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE t (id int, gone int, b varchar(5) DEFAULT 'x', PRIMARY KEY (id)); ALTER TABLE t DROP gone;
            ALTER TABLE t ADD c box DEFAULT '(1,2),(0,0)';
            CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)
            """
        )
        let session = try database.session()
        let catalog = RelationCatalog(version: pinned) { try session.query($0, $1) }
        let table = try #require(try catalog.number(of: "public", "t"))
        let relation = try #require(try catalog.relation(table))
        #expect(relation.columns.map(\.isDropped) == [false, true, false, false])
        #expect(relation.columns[2].typeName == "character varying(5)" && relation.columns[2].hasDefault)
        #expect(relation.columns[3].missing == (pinned < 110_000 ? nil : "(1,2),(0,0)"))
        #expect(relation.isKey([1]) && relation.replicatedKey == [1] && relation.root == nil)
        #expect(try catalog.names(of: [(1043, 9), (23, -1)]) == ["character varying(5)", "integer"])
        #expect(try catalog.names(of: [table])[table]?.isTold == true)
        let root = try #require(try catalog.number(of: "public", "p"))
        let leaf = try #require(try catalog.number(of: "public", "p1"))
        #expect(try catalog.relation(leaf)?.root == (pinned < 100_000 ? nil : root))
        #expect(try catalog.partitioned([root, table, leaf]) == [root])
        #expect(try catalog.leaves(of: root) == [leaf])
        #expect(try catalog.relation(1)?.name == nil)
    }
}
