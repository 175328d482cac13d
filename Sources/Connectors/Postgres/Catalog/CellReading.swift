package import TandemRows

/// How a column is asked for, and what becomes of its cells.
package struct CellReading: Hashable, Sendable {
    /// What the cells become.
    package var type: ColumnType
    package var cast: CellCast
    package var decoder: CellDecoder

    package init(type: ColumnType, cast: CellCast = .none, decoder: CellDecoder) {
        self.type = type
        self.cast = cast
        self.decoder = decoder
    }

    /// The column as it stands in a select list. `column` is quoted already.
    package func expression(_ column: String) -> String { cast.applied(to: column) }
}

/// What a select list does to a column before it is sent.
///
/// Text is always what the type's output function writes, as psql and logical
/// decoding show it. A plain `::text` is that too, except where somebody
/// defined a cast of his own: `inet` written by its cast gains a `/32`.
package enum CellCast: Hashable, Sendable {
    case none
    case text
    /// By the output function named, quoted and with its schema.
    case output(String)
    case textArray
    /// Written as one text, and read again as an array of texts.
    case rereadTextArray

    func applied(to column: String) -> String {
        switch self {
        case .none: column
        case .text: "\(column)::pg_catalog.text"
        case .output(let function): "pg_catalog.textin(\(function)(\(column)))"
        case .textArray: "\(column)::pg_catalog.text[]"
        case .rereadTextArray: "\(column)::pg_catalog.text::pg_catalog.text[]"
        }
    }
}
