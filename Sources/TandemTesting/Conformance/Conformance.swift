import Dispatch

/// A promise of a contract that a connector does not keep.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public var promise: String
    public var found: String

    public var description: String { "A connector must keep this promise: \(promise). Found: \(found)" }
}

/// Throws a ``ConformanceFailure`` unless `isKept`.
func expect(_ promise: String, _ isKept: Bool, found: @autoclosure () -> String = "the opposite") throws {
    guard isKept else { throw ConformanceFailure(promise: promise, found: found()) }
}

func expectEqual<Value: Equatable>(_ promise: String, _ found: Value, _ wanted: Value) throws {
    try expect(promise, found == wanted, found: "\(found) where \(wanted) was right")
}

/// The checks of a suite, by their names, each of which is to be over in time.
typealias Checks = KeyValuePairs<String, @Sendable () async throws -> Void>

extension Checks {
    /// Runs them one after another.
    ///
    /// - Parameter limit: How long one may take. One that does not end where it is cancelled either ends the process:
    ///   its name is of more use than a suite that hangs.
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    func run(within limit: Duration) async throws {
        for (name, check) in self {
            let stop = DispatchWorkItem { fatalError("The check \(name) does not end, and not when cancelled either.") }
            let grace = DispatchTimeInterval.seconds(Int(limit.components.seconds) + 30)
            DispatchQueue.global().asyncAfter(deadline: .now() + grace, execute: stop)
            defer { stop.cancel() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await check() }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw ConformanceFailure(promise: "\(name) ends", found: "it waits after \(limit)")
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}

extension Duration {
    /// How long one check may take: many times as long as it does.
    public static let conformance = Duration.seconds(180)
}
