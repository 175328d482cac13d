import Foundation
import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// A table that comes while others are followed.
@Suite(.blocking) struct AddedTableTests {
    @Test(arguments: Simulation.Way.logged)
    func othersGoOnWhileItIsCopiedAndNothingIsLost(way: Simulation.Way) async throws {
        let database = try TestDatabase(way.version)
        let folder = try TemporaryFolder()
        let warehouse = try way.isIntoPostgres ? TestDatabase(way.version) : nil
        try database.execute("CREATE TABLE small (id int PRIMARY KEY, v text); INSERT INTO small VALUES (1, 'a')")
        let source = try database.source(plugin: way.plugin)
        let made = try warehouse?.destination() ?? folder.warehouse()
        let destination = made
        let sync = SyncConfiguration(name: "added", from: "shop", to: "warehouse", method: .fixed(.logBased))
        _ = try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil).run()
        try database.execute(
            """
            CREATE TABLE large (id int PRIMARY KEY, v text);
            INSERT INTO large SELECT n, 'row ' || n FROM generate_series(1, 20000) n;
            CREATE TABLE keyless (v text);
            ALTER TABLE keyless REPLICA IDENTITY FULL;
            INSERT INTO keyless SELECT 'row ' || n % 10 FROM generate_series(1, 100) n
            """
        )
        let gate = OpenableGate()
        let run = SyncRun(
            RunContext(
                sync,
                from: InterceptedSource.held(source, by: gate),
                to: destination,
                readers: 2,
                follows: true
            ),
            state: nil
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await run.run() }
            try await eventually("the copy begins") { gate.isReached }
            for n in 1...20 {
                try database.execute(
                    "UPDATE small SET v = 'b' || \(n) WHERE id = 1; INSERT INTO small VALUES (\(n + 1))"
                )
                try database.execute(
                    "UPDATE large SET v = 'new' WHERE id = \(n); DELETE FROM large WHERE id = \(n + 100)"
                )
                try database.execute(
                    "INSERT INTO keyless VALUES ('row 1'); DELETE FROM keyless WHERE ctid IN (SELECT ctid FROM keyless LIMIT 1)"
                )
            }
            try await eventually("the changes of the other arrive before the copy ends") {
                try await destination.query("SELECT v FROM public.small WHERE id = 1").rows == [["b20"]]
            }
            let copied = try await destination.tables(of: sync.name).map(\.target.table)
            #expect(copied == ["small"])
            gate.open()
            try await eventually("both join") {
                try await destination.tables(of: sync.name).count { $0.stream != nil } == 3
            }
            try database.execute("UPDATE large SET v = 'last' WHERE id = 1")
            try await eventually("they are followed") {
                try await destination.query("SELECT v FROM public.large WHERE id = 1").rows == [["last"]]
            }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        let again = gate.requests.filter { $0.end != nil }.flatMap(\.tables).map(\.schema.name.table)
        #expect(again == ["keyless"], "only what has no key is read once more")
        for result in try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil)
            .verify().results
        {
            guard case .equal = result.verdict else {
                Issue.record("\(result.copy.target): \(result.verdict)")
                continue
            }
        }
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
        try warehouse?.drop()
    }

    /// A run that follows stays where no table can be followed yet, and begins with the first that can.
    @Test func oneThatComesToNothingToFollowIsFollowed() async throws {
        let database = try TestDatabase(.v16)
        let folder = try TemporaryFolder()
        try database.execute("CREATE TABLE small (id int NOT NULL); INSERT INTO small VALUES (1)")
        let source = try database.source()
        let destination = try folder.warehouse()
        let sync = SyncConfiguration(name: "nothing", from: "shop", to: "warehouse", autoSetup: true)
        let waits = Mutex(0)
        // Half a minute is a quarter of a second.
        let start = ContinuousClock.now
        let clock = RunClock(
            elapsed: { start.duration(to: .now) * 120 },
            wall: { Date().timeIntervalSince1970 },
            pause: { try await Task.sleep(for: $0 / 120) }
        )
        let run = SyncRun(
            RunContext(
                sync,
                from: source,
                to: destination,
                readers: 2,
                follows: true,
                clock: clock,
                observe: { event in
                    if case .following(_, let tables, _) = event, tables.isEmpty { waits.withLock { $0 += 1 } }
                }
            ),
            state: nil
        )
        func isFollowed() async throws -> Bool {
            try await destination.tables(of: sync.name).first?.stream != nil
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await run.run() }
            try await eventually("it waits") { waits.withLock { $0 } == 1 }
            #expect(try await destination.query("SELECT * FROM small").rows == [["1"]])
            for round in 1...2 {
                try database.execute("ALTER TABLE small ADD PRIMARY KEY (id); INSERT INTO small VALUES (-\(round))")
                try await eventually("it is followed") { try await isFollowed() }
                try database.execute("INSERT INTO small VALUES (10 * \(round))")
                try await eventually("its changes come") {
                    try await destination.query("SELECT count(*) FROM small").rows == [["\(1 + 2 * round)"]]
                }
                try database.execute("ALTER TABLE small DROP CONSTRAINT small_pkey")
                try await eventually("it waits again") { waits.withLock { $0 } == 1 + round }
            }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
    }

    /// One table is copied again and another is gone, and the others hear nothing of it.
    @Test func othersGoOnWhileOneIsCopiedAgainAndOneIsDropped() async throws {
        let database = try TestDatabase(.v16)
        let folder = try TemporaryFolder()
        try database.execute(
            """
            CREATE TABLE small (id int PRIMARY KEY); CREATE TABLE dropped (id int PRIMARY KEY);
            CREATE TABLE changed (id int PRIMARY KEY, v text);
            INSERT INTO changed SELECT n, n FROM generate_series(1, 5000) n
            """
        )
        let source = try database.source()
        let destination = try folder.warehouse()
        let sync = SyncConfiguration(name: "again", from: "shop", to: "warehouse", method: .fixed(.logBased))
        _ = try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil).run()
        let gate = OpenableGate()
        let held = InterceptedSource.held(source, by: gate)
        let run = SyncRun(RunContext(sync, from: held, to: destination, readers: 2, follows: true), state: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await run.run() }
            try database.execute(
                """
                DROP TABLE dropped; ALTER TABLE changed ALTER v TYPE int USING v::int; INSERT INTO changed VALUES (0, 0)
                """
            )
            try await eventually("it is copied again") { gate.isReached }
            let before = gate.requests.count
            for n in 1...20 {
                try database.execute("INSERT INTO small VALUES (\(n)); UPDATE changed SET v = -\(n) WHERE id = \(n)")
            }
            try await eventually("the other goes on") {
                try await destination.query("SELECT count(*) FROM small").rows == [["20"]]
            }
            gate.open()
            try await eventually("it joins") {
                try await destination.query("SELECT min(v), count(*) FROM changed").rows == [["-20", "5001"]]
            }
            try database.execute("INSERT INTO changed VALUES (-1, -100)")
            try await eventually("it is followed") {
                try await destination.query("SELECT min(v) FROM changed").rows == [["-100"]]
            }
            #expect(gate.requests.filter { $0.end != nil }.isEmpty, "nothing is read once more")
            // Half a minute after it is gone the plan is made anew.
            #expect(gate.requests.count <= before + 1, "and the stream goes on")
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(try await destination.query("SELECT count(*) FROM dropped").rows == [["0"]])
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
    }
}
