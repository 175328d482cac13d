package import TandemRows

/// What a Postgres column holds, once domains are looked through, and every way it can be read.
package struct NativeType: Hashable, Sendable {
    /// How it is read where nothing else is asked for.
    package let reading: CellReading
    /// How it is asked for as one text.
    let text: CellCast
    /// How it is asked for as a list of texts. `nil` for what is no array.
    let textList: CellCast?

    init(_ reading: CellReading, text: CellCast, textList: CellCast? = nil) {
        self.reading = reading
        self.text = reading.type == .text ? reading.cast : text
        self.textList = textList
    }

    package var type: ColumnType { reading.type }
    var isList: Bool { textList != nil }

    /// How it is read as `wanted`: its own type, text, or a list of texts for an array. `nil` for every other.
    package func reading(as wanted: ColumnType) -> CellReading? {
        switch wanted {
        case reading.type: reading
        case .text: CellReading(type: .text, cast: text, decoder: .text)
        case .list(.text): textList.map { CellReading(type: wanted, cast: $0, decoder: .list(.text)) }
        default: nil
        }
    }
}
