public import TandemRows

/// Thrown by a destination that cannot put one table in place, and could do so with the others: nothing of the
/// transaction is left.
public struct TargetError: ConfinedError {
    public var target: TableName
    public var cause: any ExplainedError

    public init(_ target: TableName, _ cause: any ExplainedError) {
        self.target = target
        self.cause = cause
    }
}
