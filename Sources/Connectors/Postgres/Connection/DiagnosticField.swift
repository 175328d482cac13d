/// The parts of a server's error that are read. Its `DETAIL` and `CONTEXT` are not: they quote rows. Of its message
/// ``ServerWords`` says what may be shown.
enum DiagnosticField: Int32 {
    /// `ERROR`, `FATAL`, …, in the server's language; since 9.6 also in English, see ``severityInEnglish``.
    case severity = 83
    case severityInEnglish = 86
    case sqlState = 67
    case message = 77
    case hint = 72
    case column = 99
    case constraint = 110
    case schema = 115
    case table = 116
    case dataType = 100
    case sourceFile = 70
    /// The statement of a function that the error is about. Asked for whether there is one only.
    case innerStatement = 113
}
