import Foundation
import TandemEngine
import TandemTesting
import Testing

/// Random histories with faults. `TANDEM_SEEDS` sets how many of each kind, `TANDEM_SEED` the first one; `TANDEM_WAY`
/// is a part of the names of those to be taken, such as `triggers`.
@Suite(.blocking) struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// Set by `make soak`.
    private static let count = environment["TANDEM_SEEDS"].flatMap { UInt64($0) }

    private static let ways = Simulation.Way.all.filter { way in
        environment["TANDEM_WAY"].map(way.testDescription.contains) ?? true
    }

    private static var seeds: Range<UInt64> {
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? 1
        return first..<first + (count ?? 2)
    }

    @Test(arguments: ways)
    func whateverHappensBothSidesEndUpEqual(way: Simulation.Way) async throws { try await simulate(way) }

    @Test(.enabled(if: count != nil, "a part of `make soak`"), arguments: ways)
    func changesOfShapeAreFollowed(way: Simulation.Way) async throws { try await simulate(way, evolves: true) }

    private func simulate(_ way: Simulation.Way, evolves: Bool = false) async throws {
        for seed in Self.seeds {
            do {
                // The table that cannot be marked is known by its name.
                let deletes: DeletePolicy = seed.isMultiple(of: 2) && !evolves ? .soft : .hard
                let outcome = try await Simulation(seed: seed, way, evolves: evolves, deletes: deletes).run()
                #expect(outcome.differences.isEmpty, "seed \(seed), faults at \(outcome.faults)")
            } catch { Issue.record(error, "seed \(seed)") }
        }
    }
}
