import Foundation
import TandemEngine
import TandemTesting
import Testing

/// Tables that are copied beside a stream and join it, with random histories and faults. `TANDEM_SEEDS` sets how many
/// of each kind, `TANDEM_SEED` the first one.
@Suite(.blocking) struct JoiningTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static var seeds: Range<UInt64> {
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? 1
        return first..<first + (environment["TANDEM_SEEDS"].flatMap { UInt64($0) } ?? 1)
    }

    @Test(arguments: Simulation.Way.logged)
    func tablesJoinWhateverHappensMeanwhile(way: Simulation.Way) async throws {
        for seed in Self.seeds {
            do {
                let deletes: DeletePolicy = seed.isMultiple(of: 3) ? .soft : .hard
                try await JoiningSimulation(seed: seed, way, deletes: deletes).run()
            } catch { Issue.record(error, "seed \(seed)") }
        }
    }
}
