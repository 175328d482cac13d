import TandemRows

/// Makes one value of two that were both changed.
struct Merging {
    private let policy: ConflictPolicy

    /// `nil` where values of these types cannot be merged so.
    init?(_ policy: ConflictPolicy, _ types: Both<ColumnType>) {
        guard types.left == types.right else { return nil }
        switch (policy, types.left) {
        case (.sum, .int16), (.sum, .int32), (.sum, .int64), (.sum, .decimal), (.union, .list): break
        default: return nil
        }
        self.policy = policy
    }

    /// What the right is to hold: with what the left has changed since `base`. `nil` where that is not known.
    func value(_ values: Both<Value>, _ base: Both<FieldBase>) -> Value? {
        switch (policy, values.left, values.right) {
        case (.sum, .number(let left), .number(let right)):
            guard case .kept(.number(let agreed)) = base.left else { return nil }
            let (change, overflow) = left.subtractingReportingOverflow(agreed)
            let (sum, overflowed) = right.addingReportingOverflow(change)
            return overflow || overflowed ? nil : .number(sum)
        case (.union, .list(let left), .list(let right)):
            let agreed: [Both<Set<Value>>] = {
                guard case .kept(.list(let left)) = base.left else { return [] }
                guard case .kept(.list(let right)) = base.right else { return [Both(left: Set(left), right: [])] }
                return [Both(left: Set(left), right: Set(right))]
            }()
            let removed =
                agreed.first.map { $0.left.subtracting(left).union($0.right.subtracting(right)) } ?? []
            let held = Set(right)
            return .list((right + left.filter { !held.contains($0) }).filter { !removed.contains($0) })
        default: return nil
        }
    }
}
