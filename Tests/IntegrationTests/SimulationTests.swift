import Foundation
import TandemTesting
import Testing

/// Random histories with faults. `TANDEM_SEEDS` sets how many of each kind, `TANDEM_SEED` the first one.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// Set by `make soak`.
    private static let count = environment["TANDEM_SEEDS"].flatMap { UInt64($0) }

    private static var seeds: Range<UInt64> {
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? 1
        return first..<first + (count ?? 2)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func whateverHappensBothSidesEndUpEqual(version: PostgresServer.Version) async throws {
        for seed in Self.seeds {
            let database = try TestDatabase(version)
            let outcome = try await Simulation(seed: seed, database: database).run()
            #expect(outcome.differences.isEmpty, "seed \(seed), faults at \(outcome.faults)")
            try database.drop()
        }
    }

    @Test(.enabled(if: count != nil, "a part of `make soak`"), arguments: PostgresServer.Version.allCases)
    func changesOfShapeAreFollowed(version: PostgresServer.Version) async throws {
        for seed in Self.seeds {
            let database = try TestDatabase(version)
            let outcome = try await Simulation(seed: seed, database: database, evolves: true).run()
            #expect(outcome.differences.isEmpty, "seed \(seed), faults at \(outcome.faults)")
            try database.drop()
        }
    }
}
