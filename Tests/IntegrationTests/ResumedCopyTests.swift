import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// First copies that are cut off, and go on where they were.
@Suite(.blocking) struct ResumedCopyTests {
    @Test(arguments: [false, true]) func sectionsThatAreThereAreNotReadAgain(isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v16, isIntoPostgres: isIntoPostgres)
        let first = try await copy.runUntil(.sectionLoaded, after: 4)
        #expect(first.resumed.isEmpty)
        // Whatever is written meanwhile is in the log.
        try copy.database.execute("UPDATE t SET n = -n WHERE id % 5 = 0; DELETE FROM t WHERE id % 50 = 1")
        let second = try await copy.run()
        #expect(second.resumed.count == 1)
        let sections = second.resumed.first ?? 0
        #expect(sections >= 5 * 30 << 10, "\(sections) bytes")
        // Five whole sections of sixty rows or so each are not read again.
        #expect(first.rereadRows > 0 && second.rereadRows > 0)
        let rest = second.started.first?.rows ?? 0
        #expect(rest == first.rereadRows, "the rows of whole sections count, and no others")
        #expect(second.rereadRows <= 400 + 80 - rest)
        #expect(try await copy.copies().map(\.spansSnapshots) == [false])
        try await copy.verify()
        let third = try await copy.run()
        #expect(third.started.isEmpty, "the table is followed by now")
        try await copy.tearDown()
    }

    @Test(arguments: [false, true]) func aRunThatLosesItsSnapshotGoesOn(isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v18, isIntoPostgres: isIntoPostgres)
        let seen = try await copy.run(Faults(at: .sectionLoaded, after: 6, isTransient: true), retries: 1)
        #expect(seen.resumed.count == 1 && seen.started.count == 2)
        #expect(seen.rereadRows == 400)
        try await copy.verify()
        try await copy.tearDown()
    }

    @Test(arguments: [false, true]) func whatWasFinishedIsPutInPlace(isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v16, isIntoPostgres: isIntoPostgres)
        try await copy.runUntil(.publish, after: 0)
        let seen = try await copy.run()
        #expect(seen.resumed.count == 1 && seen.rereadRows == 0)
        try await copy.verify()
        try await copy.tearDown()
    }

    @Test func serversThatAreKilledKeepWhatIsWhole() async throws {
        let source = try PostgresServer(.v16)
        defer { source.remove() }
        let destination = try PostgresServer(.v18)
        defer { destination.remove() }
        let copy = try CutCopy(from: source, into: destination)
        for round in 0..<2 {
            let seen = try await copy.runUntil(.sectionLoaded, after: 3)
            #expect(seen.resumed.count == round)
            try copy.database.execute("UPDATE t SET n = n + 1 WHERE id % 9 = \(round); CHECKPOINT")
            for server in [source, destination] {
                server.kill()
                try server.start()
            }
        }
        let seen = try await copy.run()
        #expect(seen.resumed.count == 1 && seen.rereadRows < 400)
        try await copy.verify()
    }

    enum Upheaval: String, CaseIterable, Sendable {
        case rewrite = "VACUUM FULL t"
        case truncate = "TRUNCATE t; INSERT INTO t SELECT i, i, 'new' FROM generate_series(1, 200) i"
        case column = "ALTER TABLE t ADD COLUMN more int DEFAULT 5"
        case rename = "ALTER TABLE t RENAME COLUMN n TO m"
    }

    @Test(arguments: Upheaval.allCases, [false, true])
    func whatIsAnotherTableByThenBeginsAnew(upheaval: Upheaval, isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v16, isIntoPostgres: isIntoPostgres)
        try await copy.runUntil(.sectionLoaded, after: 4)
        try copy.database.execute(upheaval.rawValue)
        let seen = try await copy.run()
        #expect(seen.resumed.isEmpty)
        try await copy.verify()
        try await copy.tearDown()
    }

    @Test(arguments: [false, true]) func aStreamThatHasMovedBeginsAnew(isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v16, isIntoPostgres: isIntoPostgres)
        try await copy.runUntil(.sectionLoaded, after: 4)
        try copy.database.execute("UPDATE t SET n = n + 1; SELECT pg_switch_wal()")
        let destination = try copy.destination()
        var state = try #require(try await destination.stream(of: copy.sync.name))
        let source = try copy.database.source()
        state.checkpoint = try await #require(source.changeLog(.logBased)).end()
        await source.close()
        try await destination.write([], advancing: state, of: copy.sync.name)
        await destination.close()
        let seen = try await copy.run()
        #expect(seen.resumed.isEmpty)
        try await copy.verify()
        try await copy.tearDown()
    }

    @Test(arguments: [false, true]) func smallTablesAreCopiedWhole(isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v16, isIntoPostgres: isIntoPostgres)
        let faults = Faults(at: .section, after: 0, isTransient: false)
        let seen = try await copy.run(faults, sectionBytes: 1 << 30)
        #expect(seen.started.count == 1 && faults.log.isEmpty)
        try await copy.verify()
        try await copy.tearDown()
    }

    @Test func partitionsAreOneTable() async throws {
        let copy = try CutCopy(
            .v16,
            setup: """
                CREATE TABLE t (id int PRIMARY KEY, n int, pad text) PARTITION BY RANGE (id);
                CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);
                CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (110);
                CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (110) TO (120);
                CREATE TABLE t4 PARTITION OF t FOR VALUES FROM (120) TO (1000);
                INSERT INTO t SELECT i, i, repeat('p', 700) FROM generate_series(1, 400) i;
                """
        )
        try await copy.runUntil(.sectionLoaded, after: 3)
        try copy.database.execute("UPDATE t SET id = id + 400 WHERE id % 7 = 0; UPDATE t SET n = -n WHERE id % 3 = 0")
        let seen = try await copy.run()
        #expect(seen.resumed.count == 1)
        try await copy.verify()
        try await copy.tearDown()
    }

    /// Its log is kept as long as it is copied, also while the stream of the others moves.
    @Test(arguments: [false, true]) func aCopyBesideAStreamGoesOn(isIntoPostgres: Bool) async throws {
        let copy = try CutCopy(.v16, isIntoPostgres: isIntoPostgres, setup: "CREATE TABLE other (id int PRIMARY KEY)")
        try await copy.run()
        try copy.database.execute(CutCopy.setup)
        let faults = Faults(at: .section, after: 5, isTransient: true)
        let watch = CutCopy.Watch()
        try await copy.with(faults, follows: true, watch) { run in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await run.run() }
                let limit = ContinuousClock.now + .seconds(120)
                var number = 0
                while !watch.seen.loaded.contains("t") {
                    try #require(ContinuousClock.now < limit, "the table joins")
                    number += 1
                    try copy.database.execute(
                        "INSERT INTO other VALUES (\(number)); UPDATE t SET n = n + 1 WHERE id % 40 = \(number % 40)"
                    )
                }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
        #expect(watch.seen.resumed.count == 1, "\(faults.log)")
        try await copy.run()
        try await copy.verify()
        try await copy.tearDown()
    }
}
