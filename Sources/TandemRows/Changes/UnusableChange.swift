/// Why a change cannot be followed: nothing is left of it in the buffer.
public enum UnusableChange: Error, Hashable, CustomStringConvertible {
    /// A value of the row's identity was not sent, neither with the row as it was nor as it is.
    case absentKey
    /// A row that must be complete lacks a value: one inserted, or one of a table without identity.
    case absentValue
    /// A row of a table without identity was updated, and the row as it was before did not come along.
    case absentRow
    /// An update keeps values of a row that is not there, after the changes before it.
    case unknownRow
    /// The row does not fit beside those that are held.
    case tooLarge

    public var description: String {
        switch self {
        case .absentKey: "a change without all columns that tell its row apart"
        case .absentValue: "a whole row was expected, and some of its values were not sent"
        case .absentRow: "an update of a table without a key, sent without the row as it was before"
        case .unknownRow: "an update of a row that the changes before it have taken away"
        case .tooLarge: "more than 4 GiB of changes at once"
        }
    }
}
