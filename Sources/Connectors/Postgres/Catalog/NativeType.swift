package import TandemRows

/// What a Postgres column holds, once domains are looked through, and every way it can be read.
package struct NativeType: Hashable, Sendable {
    /// How it is read where nothing else is asked for.
    package let reading: CellReading
    /// How it is asked for as one text.
    let text: CellCast
    /// `nil` for what is no array.
    let textList: TextList?
    /// A `numeric` of any number of digits, which may be read as any decimal: what does not fit that is unfit.
    package let isAnyDecimal: Bool

    /// An array as a list of texts.
    struct TextList: Hashable, Sendable {
        /// How it is asked for.
        let cast: CellCast
        /// What stands between its elements where it is written as one text.
        let delimiter: UInt8
    }

    init(_ reading: CellReading, text: CellCast, textList: TextList? = nil, isAnyDecimal: Bool = false) {
        self.reading = reading
        self.text = reading.type == .text ? reading.cast : text
        self.textList = textList
        self.isAnyDecimal = isAnyDecimal
    }

    package var type: ColumnType { reading.type }
    var isList: Bool { textList != nil }

    /// How it is read as `wanted`: its own type, text, a list of texts for an array, or a decimal where it is one of
    /// any number of digits. `nil` for every other.
    package func reading(as wanted: ColumnType) -> CellReading? {
        switch wanted {
        case reading.type: reading
        case .text: CellReading(type: .text, cast: text, decoder: .text)
        case .list(.text): textList.map { CellReading(type: wanted, cast: $0.cast, decoder: .list(.text)) }
        case .decimal(let precision, let scale) where isAnyDecimal:
            CellReading(type: wanted, decoder: .decimal(precision: precision, scale: scale))
        default: nil
        }
    }
}
