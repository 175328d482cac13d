import Synchronization
import TandemCore

/// Where a test may cut a run off: before and after whatever leaves a trace at either end.
public enum FaultPoint: String, CaseIterable, Sendable {
    case prepareStream, streamPrepared
    case load, loaded, publish, published
    case apply, applied, merge, merged, remember, remembered
    case read, confirm
}

/// Faults at random points, by a seed.
public final class Faults: Sendable {
    private struct State {
        var generator: SeededGenerator
        var left: Int
        var log: [FaultPoint] = []
    }

    private let state: Mutex<State>
    private let chance: Double
    private let isTransient: Bool?

    /// - Parameters:
    ///   - chance: Of a fault at each point that is passed.
    ///   - limit: How many there are at most; none follow.
    ///   - isTransient: Whether the run may try again by itself. At random where `nil`.
    public init(seed: UInt64, chance: Double, limit: Int, isTransient: Bool? = nil) {
        state = Mutex(State(generator: SeededGenerator(seed: seed), left: limit))
        self.chance = chance
        self.isTransient = isTransient
    }

    /// The points at which it failed.
    public var log: [FaultPoint] { state.withLock { $0.log } }

    /// Throws a ``TestFault``, or not.
    public func pass(_ point: FaultPoint) throws {
        let fault: TestFault? = state.withLock { state in
            guard state.left > 0, Double.random(in: 0..<1, using: &state.generator) < chance else { return nil }
            state.left -= 1
            state.log.append(point)
            return TestFault(isTransient: isTransient ?? Bool.random(using: &state.generator))
        }
        if let fault { throw fault }
    }
}
