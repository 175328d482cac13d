public import TandemRows

/// Tests number their tables and columns.
extension SourceID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(value) }
}
