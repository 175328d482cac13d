import Foundation
import TandemMemory
import TandemTesting
import TandemTwoWay
import Testing

/// Random users, crashes, lost answers and stale reads, as the model of the algorithm has them, with the engine that
/// production runs: the whole of it breaks nothing, and without any of its parts something breaks.
@Suite struct TwoWaySimulationTests {
    /// As many runs of each kind; more in long simulations.
    static let seeds: UInt64 = {
        guard let count = ProcessInfo.processInfo.environment["TANDEM_SEEDS"].flatMap(UInt64.init) else { return 300 }
        return count
    }()
    static let first = ProcessInfo.processInfo.environment["TANDEM_SEED"].flatMap(UInt64.init) ?? 0

    private func expectNone(_ scenario: TwoWayScenario) async throws {
        for seed in Self.first..<Self.first + Self.seeds {
            let faults = try await TwoWaySimulation(scenario, seed: seed).run().faults
            #expect(faults.isEmpty, "seed \(seed)")
        }
    }

    /// Looks for a run that breaks one of these.
    private func expect(_ faults: Set<TwoWayFindings.Fault>, _ scenario: TwoWayScenario) async throws {
        var found: [TwoWayFindings.Fault: Int] = [:]
        for seed in 0..<UInt64(600) {
            let broken = try await TwoWaySimulation(scenario, seed: seed).run().faults
            if !broken.isDisjoint(with: faults) { return }
            for fault in broken { found[fault, default: 0] += 1 }
        }
        Issue.record("nothing of \(faults), but \(found)")
    }

    // MARK: the whole

    @Test(arguments: ["app", "shouting app", "echoes filtered", "hot", "hot and stale", "only the feeds"])
    func nothingIsLostBetweenALogAndAnApp(_ kind: String) async throws {
        try await expectNone(
            .app.with { scenario in
                switch kind {
                case "shouting app": scenario.left.normal = TwoWayScenario.upper
                case "echoes filtered": scenario.filterEchoes()
                case "hot": scenario.heat()
                case "hot and stale": scenario.stale()
                case "only the feeds":
                    scenario.crashes = 0.1
                    scenario.auditsAtEnd = false
                default: break
                }
            }
        )
    }

    @Test(arguments: ["databases", "only the feeds", "hot", "echoes filtered", "hot, echoes filtered"])
    func nothingIsLostBetweenDatabases(_ kind: String) async throws {
        try await expectNone(
            .databases.with { scenario in
                if kind != "databases" { scenario.auditsAtEnd = false }
                if kind.contains("hot") { scenario.hot = 3 }
                if kind.contains("echoes") {
                    scenario.left.tellsOwn = false
                    scenario.right.tellsOwn = false
                }
            }
        )
    }

    @Test func nothingIsLostInSilenceWhereASideCannotRefuse() async throws {
        try await expectNone(
            .app.with { scenario in
                scenario.right.writesConditionally = false
                scenario.right.tellsReplaced = true
                // A delete that nobody can refuse may take an edit with it, and what an answer tells nobody else does.
                scenario.deletes = 0
                scenario.losesAnswers = false
                scenario.crashes = 0
            }
        )
    }

    /// Whatever was done last, and whatever was durable by then.
    @Test(arguments: [TwoWayScenario.app, .databases]) func aCrashAfterAnyStepBreaksNothing(
        _ scenario: TwoWayScenario
    ) async throws {
        for step in 1...80 {
            for seed in 0..<UInt64(3) {
                let short = scenario.with { scenario in
                    scenario.changes = 8
                    scenario.crashes = 0
                    scenario.crashesAfter = step
                }
                let faults = try await TwoWaySimulation(short, seed: seed).run().faults
                #expect(faults.isEmpty, "step \(step), seed \(seed)")
            }
        }
    }

    // MARK: without a part

    @Test func oneBaseForBothSidesNeverEnds() async throws {
        try await expect(
            [.neverQuiet],
            .app.with { scenario in
                scenario.left.normal = TwoWayScenario.upper
                scenario.sabotage = .sharedBase
                scenario.folding = []
            }
        )
    }

    @Test func aBaseThatIsStoredBeforeItsWriteLosesEdits() async throws {
        try await expect([.lost, .reverted], .app.with { $0.sabotage = .baseFirst })
    }

    @Test func aPlaceThatIsStoredBeforeItsWorkLosesRecords() async throws {
        try await expect(
            [.missing],
            .app.with { scenario in
                scenario.sabotage = .cursorFirst
                scenario.crashes = 0.1
                scenario.auditsAtEnd = false
            }
        )
    }

    @Test func createsThatNothingIsKnownByAreDoubled() async throws {
        try await expect(
            [.duplicate],
            .app.with { scenario in
                scenario.left.createsOnce = false
                scenario.right.createsOnce = false
            }
        )
    }

    @Test func staleReadsRevertEdits() async throws {
        try await expect(
            [.reverted],
            .app.with { scenario in
                scenario.stale()
                scenario.sabotage = .noVersions
            }
        )
    }

    @Test func hintsThatAreDroppedWhileTheirRecordIsInWorkAreMissed() async throws {
        try await expect(
            [.diverged, .missing],
            .app.with { scenario in
                scenario.filterEchoes()
                scenario.hot = 8
                scenario.rate = 0.35
                scenario.crashes = 0
                scenario.sabotage = .noGenerations
            }
        )
    }

    @Test func createsThatAreNotLookedForComeBack() async throws {
        try await expect(
            [.resurrected, .missing],
            .app.with { scenario in
                scenario.filterEchoes()
                scenario.sabotage = .noSearch
            }
        )
    }

    @Test func writesWithoutIntentsReviveDeletes() async throws {
        try await expect(
            [.resurrected],
            .app.with { scenario in
                scenario.heat()
                scenario.sabotage = .noIntents
            }
        )
    }

    @Test func aSideThatCannotRefuseLosesEdits() async throws {
        try await expect([.lost], .app.with { $0.right.writesConditionally = false })
    }

    @Test func notesThatAreNotReadLoseWhatTheyTell() async throws {
        try await expect(
            Set(TwoWayFindings.Fault.allCases),
            .databases.with { scenario in
                scenario.sabotage = .noNotes
                scenario.auditsAtEnd = false
            }
        )
    }

    @Test func databasesThatWriteBlindlyLoseEdits() async throws {
        try await expect(
            [.lost, .reverted],
            .databases.with { scenario in
                scenario.left.writesConditionally = false
                scenario.right.writesConditionally = false
                scenario.hot = 3
            }
        )
    }
}

extension TwoWayScenario {
    /// Feeds do not tell of the engine's own writes, and nothing is looked through at the end.
    fileprivate mutating func filterEchoes() {
        left.tellsOwn = false
        right.tellsOwn = false
        right.lag = 0
        right.staleness = 0
        auditsAtEnd = false
    }

    fileprivate mutating func heat() {
        hot = 3
        rate = 0.3
        crashes = 0.08
    }

    fileprivate mutating func stale() {
        right.lag = 25
        right.staleness = 0.5
        hot = 2
        rate = 0.08
    }
}
