import TandemCore

/// What an error of the server says of the writes of a statement.
enum WriteRefusal: Hashable {
    /// One of them, or several, cannot be done.
    case row(WriteRejection.Kind)
    /// None of them can.
    case all(WriteRejection.Kind)
    /// Somebody else has rows in use.
    case busy
    /// It is about the transaction, the connection, or what is known of the table.
    case fatal

    init(_ error: ServerErrorFields) {
        let code = error.code
        self =
            switch code {
            case "55P03": .busy
            case "23505", "23P01": .row(.duplicate)
            case "23503": .row(.reference)
            case "42501": error.isRaised ? .row(.permission) : .all(.permission)
            case "25006": .fatal
            case _ where code.hasPrefix("40"): .fatal
            case _ where code.hasPrefix("23") || code.hasPrefix("22"): .row(.value)
            case _ where error.isRaised || code.hasPrefix("P0"): .row(.other)
            // A limit that a value exceeds, such as that of an index; what a trigger or a check meets.
            case _ where ["54", "44", "21", "27", "2B", "38", "39", "HV"].contains { code.hasPrefix($0) }: .row(.other)
            default: .fatal
            }
    }
}

extension WriteRejection {
    init(_ kind: Kind, _ error: ServerErrorFields, in table: RecordTable) {
        let cause =
            switch kind {
            case .busy: "it is in use by another transaction"
            case .permission where !error.isRaised: "this user may not write it"
            default: error.cause
            }
        self.init(
            kind: kind,
            cause: cause,
            code: error.code,
            field: table.field(column: error.column, constraint: error.constraint),
            constraint: error.constraint
        )
    }
}
