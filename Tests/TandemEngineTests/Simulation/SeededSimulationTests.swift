import Foundation
import TandemTesting
import Testing

/// Histories between two databases in memory, of which a seed brings back every step. `TANDEM_SEEDS` sets how many
/// times twenty, `TANDEM_SEED` the first one.
@Suite(.blocking) struct SeededSimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? 1
    private static let count = environment["TANDEM_SEEDS"].flatMap { UInt64($0) }.map { $0 * 20 } ?? 200

    @Test(arguments: 0..<UInt64(4)) func whateverTheOrderBothSidesEndUpEqual(part: UInt64) {
        for seed in stride(from: Self.first + part, to: Self.first + Self.count, by: 4) {
            let run = SeededRun(world: seed, order: seed)
            do {
                let outcome = try run.run()
                #expect(outcome.differences == [], "seed \(seed)")
            } catch {
                Issue.record(error, "seed \(seed), after \(run.lines.suffix(40).joined(separator: "\n"))")
                return
            }
        }
    }

    @Test(arguments: UInt64(1)...10) func aSeedBringsBackEveryStep(seed: UInt64) throws {
        let first = try SeededRun(world: seed, order: seed).run()
        let second = try SeededRun(world: seed, order: seed).run()
        let parting = zip(first.trace, second.trace).first { $0.0 != $0.1 }
        #expect(parting == nil, "seed \(seed)")
        #expect(first == second)
        #expect(first.trace.count > 100 && first.picks.count > 100)
    }

    @Test(arguments: UInt64(1)...10) func anotherSeedIsAnotherOrder(seed: UInt64) throws {
        let first = try SeededRun(world: seed, order: 1).run()
        let second = try SeededRun(world: seed, order: 2).run()
        #expect(first.trace != second.trace)
        #expect(first.picks != second.picks)
    }
}
