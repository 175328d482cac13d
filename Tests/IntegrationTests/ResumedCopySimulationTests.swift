import Foundation
import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// Random writes between and during copies that are cut off again and again. `TANDEM_SEEDS` sets how many histories of
/// each kind, `TANDEM_SEED` the first one.
@Suite(.blocking) struct ResumedCopySimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static var seeds: Range<UInt64> {
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 40)
        return first..<first + (environment["TANDEM_SEEDS"].flatMap { UInt64($0) } ?? 2)
    }

    @Test(arguments: PostgresServer.Version.allCases, [false, true])
    func whateverIsWrittenBothSidesEndUpEqual(version: PostgresServer.Version, isIntoPostgres: Bool) async throws {
        for seed in Self.seeds {
            print("resumed copy of seed \(seed)")
            var random = SeededGenerator(seed: seed)
            var copy = try CutCopy(version, isIntoPostgres: isIntoPostgres)
            if Bool.random(using: &random) { copy.sync.deletes = .soft }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let point = [FaultPoint.section, .sectionLoaded, .loaded].randomElement(using: &random) ?? .section
                let faults = Faults(at: point, after: Int.random(in: 1..<9, using: &random), isTransient: true)
                let writes = Self.writes(&random)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { [copy] in try writes.forEach { try copy.database.execute($0) } }
                    do { _ = try await copy.run(faults) } catch is TestFault {}
                    try await group.waitForAll()
                }
                for statement in Self.writes(&random) { try copy.database.execute(statement) }
            }
            try await copy.run()
            try await copy.verify()
            #expect(try await copy.copies().map(\.spansSnapshots) == [false], "seed \(seed)")
            try await copy.tearDown()
        }
    }

    /// Statements that move rows between pages, change keys, and leave out large values, each now and then.
    private static func writes(_ random: inout SeededGenerator) -> [String] {
        (0..<Int.random(in: 0...12, using: &random)).map { _ in
            let (modulus, rest) = (Int.random(in: 5...60, using: &random), Int.random(in: 0..<5, using: &random))
            let some = "WHERE id % \(modulus) = \(rest)"
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<5: return "UPDATE t SET n = n + 1 \(some)"
            case 5: return "UPDATE t SET pad = pad || repeat('x', 300) \(some)"
            case 6: return "UPDATE t SET pad = 'short' \(some)"
            case 7..<10: return "DELETE FROM t \(some)"
            case 10: return "VACUUM t"
            case 11:
                return """
                    UPDATE t SET id = id + 100000 \(some) AND NOT EXISTS (SELECT FROM t o WHERE o.id = t.id + 100000)
                    """
            case 12: return "UPDATE t SET big = repeat('b', 4000) || n \(some)"
            case 13: return "UPDATE t SET big = NULL \(some)"
            case 14:
                // The key of one row goes to another.
                return """
                    BEGIN; DELETE FROM t WHERE id = \(rest * 3); UPDATE t SET id = \(rest * 3) WHERE id = \(modulus);
                    INSERT INTO t VALUES (\(modulus), 0, 'swapped', repeat('s', 5000)) ON CONFLICT DO NOTHING; COMMIT
                    """
            case 15: return "BEGIN; UPDATE t SET n = 0; ROLLBACK"
            default:
                return """
                    INSERT INTO t SELECT i, i, repeat('q', 500), repeat('z', i % 5 * 1000)
                    FROM generate_series(\(modulus * 10), \(modulus * 10 + 30)) i ON CONFLICT DO NOTHING
                    """
            }
        }
    }
}
