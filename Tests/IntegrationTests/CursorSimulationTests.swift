import Foundation
import TandemTesting
import Testing

/// Random histories with faults. `TANDEM_SEEDS` sets how many of each kind, `TANDEM_SEED` the first one.
@Suite(.blocking) struct CursorSimulationTests {
    private static var seeds: Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? 2
        return first..<first + (environment["TANDEM_SEEDS"].flatMap { UInt64($0) } ?? 1)
    }

    @Test(arguments: CursorDatabase.Way.all)
    func whateverHappensBothSidesEndUpEqual(way: CursorDatabase.Way) async throws {
        for seed in Self.seeds {
            do {
                var simulation = try CursorSimulation(seed: seed, way)
                let (differences, faults) = try await simulation.run()
                #expect(differences.isEmpty, "seed \(seed), faults at \(faults)")
            } catch { Issue.record(error, "seed \(seed)") }
        }
    }
}
