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
