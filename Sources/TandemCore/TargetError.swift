public import TandemRows

/// Thrown by a destination that cannot put one table in place, and could do so with the others: nothing of the
/// transaction is left.
public struct TargetError: ExplainedError {
    public var target: TableName
    public var cause: any ExplainedError

    public init(_ target: TableName, _ cause: any ExplainedError) {
        self.target = target
        self.cause = cause
    }

    public var description: String { cause.description }
    public var remedy: Remedy? { cause.remedy }
    public var isTransient: Bool { cause.isTransient }
    public var isConfined: Bool { true }
}
