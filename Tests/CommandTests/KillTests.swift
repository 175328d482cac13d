import Foundation
import TandemTesting
import Testing

/// Changes that are followed while processes are killed: the program, its source's server, its destination's.
@Suite(.blocking) struct KillTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// How many there are to be; `make soak` asks for more.
    private static var rounds: Int { environment["TANDEM_KILLS"].flatMap { Int($0) } ?? 4 }
    private static var seed: UInt64 {
        environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
    }

    enum Victim: CaseIterable, Sendable { case program, source, destination }

    @Test(arguments: [PostgresServer.Version.v15, .v18], [false, true])
    func whateverIsKilledBothSidesEndUpEqual(version: PostgresServer.Version, isIntoPostgres: Bool) throws {
        let seed = Self.seed
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let source = try PostgresServer(version)
        defer { source.remove() }
        let copy = isIntoPostgres ? try PostgresServer(version) : nil
        defer { copy?.remove() }
        let program = try Program()
        defer { program.remove() }
        let destination = copy.map { ($0, "postgres") }
        try program.write(Program.configuration(source, "postgres", method: "auto", into: destination))
        var history = RandomHistory(seed: seed)
        try source.execute(history.setup.joined(separator: ";\n"))
        var killed: [Victim: Int] = [:]
        for round in 0... {
            // On a quick machine runs may end before they are hit: more of them then.
            if round >= Self.rounds && (!killed.isEmpty || round >= Self.rounds + 50) { break }
            // What is lost with the server was not committed: it is written before, with some of it in the copy.
            for _ in 0..<5 { try source.execute(history.nextTransaction().joined(separator: ";\n") + ";") }
            let run = try program.start(["run", "--quiet"])
            let victim = Victim.allCases.randomElement(using: &random) ?? .program
            Self.wait(Double.random(in: 0...1.5, using: &random), while: run)
            switch victim {
            case .program: kill(run.processIdentifier, SIGKILL)
            case .source: source.kill()
            case .destination: copy?.kill()
            }
            if victim == .source { try source.start() }
            if victim == .destination { try copy?.start() }
            run.waitUntilExit()
            let wasProgram = run.terminationReason == .uncaughtSignal
            let wasHit = victim == .program ? wasProgram : victim == .source || copy != nil
            if wasHit { killed[victim, default: 0] += 1 }
        }
        #expect(!killed.isEmpty, "seed \(seed)")
        let last = try program.run("run")
        #expect(last.status == 0, "\(last.errors), seed \(seed)")
        let verified = try program.run("verify", "copy")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors), seed \(seed), killed \(killed)")
    }

    /// Until `seconds` have passed, or the program has ended.
    private static func wait(_ seconds: Double, while process: Process) {
        let end = ContinuousClock.now + .seconds(seconds)
        while process.isRunning, ContinuousClock.now < end { usleep(1000) }
    }
}
