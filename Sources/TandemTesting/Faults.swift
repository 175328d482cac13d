import Synchronization
import TandemCore

/// Where a test may cut a run off: before and after whatever leaves a trace at either end.
public enum FaultPoint: String, CaseIterable, Sendable {
    case prepareStream, streamPrepared
    case load, loaded, section, sectionLoaded, publish, published
    case note, noted, apply, applied, remember, remembered
    case read, confirm
}

/// Faults at random points, by a seed.
public final class Faults: Sendable {
    private struct State {
        var generator: SeededGenerator
        var left: Int
        var log: [FaultPoint] = []
        /// The only point at which it fails, and how often that is passed first.
        var exact: (point: FaultPoint, count: Int)?
    }

    private let state: Mutex<State>
    private let chance: Double
    private let isTransient: Bool?
    private let pausing: @Sendable () async throws -> Void
    private let noting: @Sendable (String) -> Void

    /// - Parameters:
    ///   - chance: Of a fault at each point that is passed.
    ///   - limit: How many there are at most; none follow.
    ///   - isTransient: Whether the run may try again by itself. At random where `nil`.
    ///   - pausing: Called wherever an end takes its time.
    ///   - noting: Gets each call that reaches an end.
    public init(
        seed: UInt64,
        chance: Double,
        limit: Int,
        isTransient: Bool? = nil,
        pausing: @escaping @Sendable () async throws -> Void = {},
        noting: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.pausing = pausing
        self.noting = noting
        state = Mutex(State(generator: SeededGenerator(seed: seed), left: limit))
        self.chance = chance
        self.isTransient = isTransient
    }

    /// One fault, at a point that has been passed `count` times before.
    public init(at point: FaultPoint, after count: Int, isTransient: Bool) {
        state = Mutex(State(generator: SeededGenerator(seed: 0), left: 1, exact: (point, count)))
        chance = 1
        self.isTransient = isTransient
        pausing = {}
        noting = { _ in }
    }

    /// The points at which it failed.
    public var log: [FaultPoint] { state.withLock { $0.log } }

    /// Takes its time for `call`, and never fails.
    func pause(for call: String) async throws {
        noting(call)
        try await pausing()
    }

    /// Takes its time, and then throws a ``TestFault``, or not.
    ///
    /// - Parameter what: What is concerned.
    func reach(_ point: FaultPoint, _ what: String = "") async throws {
        try await pausing()
        try pass(point, what)
    }

    /// Throws a ``TestFault``, or not.
    public func pass(_ point: FaultPoint, _ what: String = "") throws {
        noting("\(point) \(what)")
        let fault: TestFault? = state.withLock { state in
            if let exact = state.exact {
                guard exact.point == point else { return nil }
                state.exact?.count -= 1
                guard exact.count == 0 else { return nil }
            }
            guard state.left > 0, Double.random(in: 0..<1, using: &state.generator) < chance else { return nil }
            state.left -= 1
            state.log.append(point)
            return TestFault(isTransient: isTransient ?? Bool.random(using: &state.generator))
        }
        if let fault {
            noting("\(point) fails")
            throw fault
        }
    }
}
