import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Which slot a stream reads, and what is made for it.
@Suite(.timeLimit(.minutes(10))) struct SlotTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func makesSlotAndPublicationsOnce(version: PostgresServer.Version) async throws {
        let stage = try StreamStage(version)
        defer { try? stage.remove() }
        let first = try await stage.prepare()
        #expect(first.gap == nil)
        #expect(first.notes.contains { $0.contains("Made the slot") })
        #expect(try stage.ask("plugin, confirmed_flush_lsn") == "pgoutput|\(try #require(first.position))")
        if version == .v18 { #expect(try stage.ask("failover") == "t") }
        #expect(
            try stage.database.execute("SELECT pubname, tablename FROM pg_publication_tables") == "\(stage.slot)|t"
        )
        let flags =
            "SELECT pubname, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_publication ORDER BY 1"
        #expect(
            try stage.database.execute(flags) == "\(stage.slot)|t|t|t|t|t\n\(stage.slot)_appends|t|f|f|t|t"
        )
        let again = try await stage.prepare(first.state)
        #expect(again.state == first.state)
        #expect(again.gap == nil)
        #expect(again.notes == [])
        #expect(again.recopies == [:])
    }

    /// As after `tandem reset`: what an earlier stream of the destination made goes, and no other's.
    @Test func aSlotOfEarlierIsReplacedIfItIsOurs() async throws {
        var stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        let first = try await stage.prepare()
        let again = try await stage.prepare()
        #expect(again.state.id != first.state.id && again.notes.count == 1, "\(again.notes)")
        #expect(
            try stage.database.execute("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()")
                == "1"
        )
        // Another destination, which remembers nothing.
        let memory = stage.memory
        stage.memory = MadeMemory()
        let other = try await stage.prepare()
        #expect(StreamIdentity(other.state.id)?.slot == stage.slot + "_2")
        #expect(other.notes.contains { $0.contains("\"\(stage.slot)\"") && $0.contains("pg_drop_replication_slot") })
        #expect(try await stage.prepare(other.state).gap == nil)
        let source = PostgresSource(stage.config, in: stage.context)
        let gone = try await source.teardown(stage.memory.records)
        #expect(
            gone.removed.first == "the slot \"\(stage.slot)_2\"" && gone.left.map(\.subject) == ["slot \(stage.slot)"]
        )
        await source.close()
        stage.memory = memory
        #expect(try await stage.prepare(again.state).gap == nil, "the first one goes on")
    }

    @Test func usesTheDocumentedSlot() async throws {
        let stage = try StreamStage(.v15)
        defer { try? stage.remove() }
        let slot = "pipelinewise_" + stage.database.name
        let start = try stage.database.execute(
            "SELECT lsn FROM pg_create_logical_replication_slot('\(slot)', 'wal2json')"
        )
        let prepared = try await stage.prepare()
        #expect(prepared.position?.description == start)
        #expect(StreamIdentity(prepared.state.id)?.slot == slot)
        #expect(try stage.ask("count(*)") == "0")
        #expect(try stage.database.execute("SELECT count(*) FROM pg_publication") == "0")
    }

    /// What waits for a standby is in the log before the slot's place and not in a snapshot: it would be lost.
    @Test func waitsForCommitsThatWaitForAStandby() async throws {
        let server = try PostgresServer(.v15, settings: ["synchronous_standby_names": "'nobody'"])
        defer { server.remove() }
        var stage = try StreamStage(.v15, server: server)
        let database = stage.database
        try database.execute("SELECT pg_create_logical_replication_slot('\(stage.slot)', 'wal2json')")
        Thread.detachNewThread {
            _ = try? database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1, 'late')")
        }
        try await eventually {
            try database.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1"
        }
        try database.execute("SELECT pg_replication_slot_advance('\(stage.slot)', pg_current_wal_lsn())")
        #expect(try database.execute("SELECT count(*) FROM t") == "0")
        stage.notify = { message in
            guard message.contains("waiting for transactions") else { return }
            _ = try? database.execute("ALTER SYSTEM RESET synchronous_standby_names")
            _ = try? database.execute("SELECT pg_reload_conf()")
        }
        _ = try await stage.prepare()
        #expect(try database.execute("SELECT count(*) FROM t") == "1")
    }

    /// Longer than a lock is waited for, which is ten seconds.
    @Test func aSlotIsMadeHoweverLongATransactionIsOpen() async throws {
        let server = try PostgresServer(.v16)
        defer { server.remove() }
        let stage = try StreamStage(.v16, server: server)
        let writer = try stage.database.session()
        try writer.begin(.readWrite)
        try writer.execute("INSERT INTO public.t VALUES (1, 'one')")
        let end = ContinuousClock.now + .seconds(11)
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await stage.prepare().gap }
            try await eventually { ContinuousClock.now > end }
            try writer.execute("COMMIT")
            #expect(try await group.next() == .some(nil))
        }
    }

    @Test func severalSyncsHaveSlotsOfTheirOwn() async throws {
        var stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        let one = try await stage.prepare()
        // Another one comes later, before it in the configuration.
        stage.syncs = ["Two!", "one"]
        let two = try await stage.prepare(sync: "Two!")
        #expect(StreamIdentity(two.state.id)?.slot == stage.slot + "_two_")
        #expect(try await stage.prepare(one.state).state == one.state)
        #expect(try stage.ask("count(*)") == "1")
    }

    @Test func tablesComeAndGo() async throws {
        let stage = try StreamStage(.v18)
        defer { try? stage.remove() }
        try stage.database.execute("CREATE TABLE log (line text); CREATE TABLE u (id int8 PRIMARY KEY)")
        let state = try await stage.prepare(tables: ["t"]).state
        let members = "SELECT pubname, tablename FROM pg_publication_tables ORDER BY 1, 2"
        // What cannot tell its rows apart never has its updates published.
        let more = try await stage.prepare(state, tables: ["t", "log", "u"])
        #expect(more.state == state)
        #expect(more.recopies.count == 2)
        #expect(
            try stage.database.execute(members) == "\(stage.slot)|t\n\(stage.slot)|u\n\(stage.slot)_appends|log"
        )
        try stage.database.execute("INSERT INTO log VALUES ('a'); UPDATE log SET line = 'b'; DELETE FROM log")
        // It loses its key, and moves.
        try stage.database.execute("ALTER TABLE u DROP CONSTRAINT u_pkey")
        let moved = try await stage.prepare(state, tables: ["t", "u"])
        #expect(moved.recopies.count == 1)
        #expect(try stage.database.execute(members) == "\(stage.slot)|t\n\(stage.slot)_appends|u")
        try stage.database.execute("INSERT INTO u VALUES (1); UPDATE u SET id = 2; DELETE FROM u")
    }

    @Test func partitionsAndHeirs() async throws {
        let stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        try stage.database.execute(
            """
            CREATE TABLE p (id int8 PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
            CREATE TABLE q (id int8) PARTITION BY RANGE (id); CREATE TABLE q1 PARTITION OF q DEFAULT;
            CREATE TABLE heir () INHERITS (t)
            """
        )
        let state = try await stage.prepare(tables: ["t", "p", "q"]).state
        #expect(
            try stage.database.execute("SELECT pubname, tablename FROM pg_publication_tables ORDER BY 1, 2")
                == "\(stage.slot)|p\n\(stage.slot)|t\n\(stage.slot)_appends|q"
        )
        #expect(try await stage.prepare(state, tables: ["t", "p", "q"]).recopies == [:])
    }

    @Test func anAdministratorsPublicationIsUsed() async throws {
        var stage = try StreamStage(.v15)
        defer { try? stage.remove() }
        let user = "r_" + stage.database.name
        try stage.database.execute(
            "CREATE ROLE \(user) LOGIN REPLICATION; GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(user)"
        )
        stage.config.user = user
        let error = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        guard case .notReplicable(_, _, let remedy) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(remedy.sql.count == 2)
        for sql in remedy.sql { try stage.database.execute(sql) }
        let prepared = try await stage.prepare()
        #expect(prepared.gap == nil)
        try stage.database.execute("CREATE TABLE u (id int8 PRIMARY KEY); GRANT SELECT ON u TO \(user)")
        // It is left out with the statement that adds it, and the others go on.
        let left = try await stage.prepare(prepared.state).left.values.map { $0 }
        #expect(left.count == 1)
        let sql = left.first?.remedy?.sql ?? []
        #expect(sql == ["ALTER PUBLICATION \"\(stage.slot)\" ADD TABLE ONLY \"public\".\"u\""])
        for sql in sql { try stage.database.execute(sql) }
        let last = try await stage.prepare(prepared.state)
        #expect(last.state == prepared.state && last.left.isEmpty)
        // And it stays when ours goes.
        let source = PostgresSource(stage.config, in: stage.context)
        #expect(try await source.teardown(stage.memory.records).removed == ["the slot \"\(stage.slot)\""])
        await source.close()
        stage.config.publication = "other"
        let third = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        #expect(third?.remedy?.sql.first?.hasPrefix("CREATE PUBLICATION \"other\" FOR TABLE") == true)
        try stage.database.execute("CREATE PUBLICATION other FOR ALL TABLES")
        #expect(try await stage.prepare().gap == nil)
    }

    @Test func refusalsNameTheRemedy() async throws {
        var stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        let user = "n_" + stage.database.name
        try stage.database.execute("CREATE ROLE \(user) LOGIN; GRANT SELECT ON t TO \(user)")
        stage.config.user = user
        let missing = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        #expect(missing?.description.contains("does not have the right permissions for replication") == true)
        #expect(missing?.remedy?.sql == ["ALTER ROLE \"\(user)\" WITH REPLICATION"])
        #expect(missing?.remedy?.text.contains("TRIGGER_BASED") == true)
        stage.config.user = PostgresServer.user
        stage.config.plugin = .wal2json
        let plugin = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        #expect(plugin?.description.contains("wal2json is not installed") == true, "\(String(describing: plugin))")
        stage.config.plugin = nil
        stage.config.slot = "made_by_hand_" + stage.database.name
        try stage.database.execute(
            "SELECT pg_create_logical_replication_slot('\(stage.config.slot ?? "")', 'pgoutput')"
        )
        stage.config.plugin = .wal2json
        let other = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        #expect(other?.description.contains("was made for the plugin pgoutput") == true, "\(String(describing: other))")
        stage.config.plugin = nil
        let neighbour = try StreamStage(.v16)
        defer { try? neighbour.remove() }
        stage.config.slot = neighbour.slot
        _ = try await neighbour.prepare()
        let foreign = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        #expect(foreign?.description.contains("belongs to the database") == true)
    }

    @Test func aSlotInUseIsWaitedForAndThenSaid() async throws {
        let stage = try StreamStage(.v18)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        var config = stage.config
        config.applicationName = "somebody else"
        let reader = try ReplicationSession(config, in: .test, capabilities: stage.database.session().capabilities)
        let options = [("proto_version", "1"), ("publication_names", stage.slot)]
        try reader.start(slot: stage.slot, at: .none, options: options)
        let error = await #expect(throws: PostgresError.self) { try await stage.prepare(state) }
        guard case .slotInUse(_, stage.slot, let holder) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(holder.contains("somebody else of postgres"))
        #expect(error?.isTransient == true)
        reader.end()
        #expect(try await stage.prepare(state).gap == nil)
    }

    @Test func aTransactionThatWroteBeforeIsWaitedFor() async throws {
        let stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        try stage.database.execute("CREATE TABLE u (id int8 PRIMARY KEY)")
        let state = try await stage.prepare(tables: ["t"]).state
        let writer = try stage.database.session()
        try writer.begin(.readWrite)
        try writer.execute("INSERT INTO public.u VALUES (1)")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { try await stage.prepare(state, tables: ["t", "u"]).recopies.count == 1 }
            try await eventually {
                try stage.database.execute("SELECT count(*) FROM pg_publication_tables WHERE tablename = 'u'") == "1"
            }
            // Others are not held up meanwhile.
            try stage.database.execute("SET lock_timeout = '1s'; INSERT INTO u VALUES (2)")
            try writer.execute("COMMIT")
            #expect(try await group.next() == true)
        }
    }

    @Test func teardownRemovesWhatIsOurs() async throws {
        var stage = try StreamStage(.v18)
        defer { try? stage.remove() }
        stage.syncs = ["one", "two"]
        _ = try await stage.prepare(sync: "one")
        _ = try await stage.prepare(sync: "two")
        let handMade = "pipelinewise_" + stage.database.name
        try stage.database.execute("SELECT pg_create_logical_replication_slot('\(handMade)', 'pgoutput')")
        let source = PostgresSource(stage.config, in: stage.context)
        let left = "SELECT slot_name FROM pg_replication_slots WHERE database = current_database() ORDER BY 1"
        let one = try await source.teardown(stage.memory.records.filter { $0.sync == "one" })
        #expect(one.removed.count == 3 && one.gone.count == 3)
        #expect(one.left.map(\.subject) == ["slot \(stage.slot)_two"])
        #expect(try stage.database.execute(left) == "\(handMade)\n\(stage.slot)_two")
        #expect(try await source.teardown(stage.memory.records).removed.count == 3)
        #expect(try stage.database.execute(left) == handMade)
        #expect(try stage.database.execute("SELECT count(*) FROM pg_publication") == "0")
        #expect(try await source.teardown(stage.memory.records).removed == [])
        await source.close()
    }

    @Test func theEndOfTheLogLiesBehindWhatIsCommitted() async throws {
        let stage = try StreamStage(.v15)
        let source = PostgresSource(stage.config, in: stage.context)
        for id in 1...3 {
            let committed = try #require(
                LSN(stage.database.execute("INSERT INTO t VALUES (\(id)); SELECT pg_current_wal_insert_lsn()"))
            )
            let end = try #require(LogCheckpoint(await source.slotLog.end())?.position)
            #expect(end >= committed)
            let flushed = try #require(LSN(stage.database.execute("SELECT pg_current_wal_flush_lsn()")))
            #expect(end < flushed)
        }
        await source.close()
    }
}

@Suite struct SlotNameTests {
    @Test func foldsNames() {
        #expect(SlotName.made(for: "a", of: ["a"], in: "Shop-1", project: "") == "tandem_shop_1")
        #expect(SlotName.made(for: "Ä b", of: ["a", "Ä b"], in: "shop", project: "") == "tandem_shop___b")
        #expect(SlotName.handMade(in: "Shop.é") == "pipelinewise_shop__")
        let long = String(repeating: "x", count: 80)
        let names = [long + "a", long + "b"].map { SlotName.made(for: $0, of: ["", ""], in: "d", project: "p") }
        #expect(names[0] != names[1])
        #expect(names.allSatisfy(SlotName.isValid))
        let publications = SlotName.publication(for: names[0])
        #expect(publications.all == names[0])
        #expect(publications.appends.utf8.count == 63)
        #expect(SlotName.publication(for: "mine").all == "tandem_mine")
        #expect(!SlotName.isValid("Mine") && !SlotName.isValid("") && !SlotName.isValid("a-b"))
    }

    @Test func sizes() {
        #expect(ByteSize("5GB")?.bytes == 5 << 30)
        #expect(ByteSize("800 mb")?.bytes == 800 << 20)
        #expect(ByteSize("1.5GB") == nil && ByteSize("GB") == nil && ByteSize("0MB") == nil && ByteSize("5") == nil)
        #expect(ByteSize("99999999999999TB") == nil)
        #expect(ByteSize(5 << 30).description == "5GB")
        #expect(ByteSize(1_600_000).description == "1.5MB")
    }
}
