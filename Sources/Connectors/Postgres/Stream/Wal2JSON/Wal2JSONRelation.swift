import Glibc
import TandemRows

/// A table as its changes have described it so far. wal2json says with each change what it is about, and leaves out of
/// an update what has not changed of its TOAST.
struct Wal2JSONRelation {
    struct Column: Equatable {
        /// As it stands in JSON.
        var name: [UInt8]
        var type: [UInt8]
        var position: Int?
    }

    /// Which of its columns a change names.
    enum Extent {
        case row
        /// Some may be left out.
        case part
        /// Those that come with a row as it was, by their names alone.
        case key
    }

    let number: UInt32
    let schema: String
    let name: String
    private(set) var columns: [Column] = []
    /// Whether all its columns are known: a row that was inserted has named them.
    private(set) var isComplete = false

    init(number: UInt32, schema: String, name: String) {
        self.number = number
        self.schema = schema
        self.name = name
    }

    /// Puts the values of `parsed` into `cells`, in the order of the columns, and makes the others absent.
    ///
    /// - Parameter isOld: These are the columns of a row's identity, which come without positions.
    /// - Returns: Whether all of them are columns of this relation as it is known.
    @inline(__always)
    func fill(
        _ cells: inout [TupleBuffer.Cell],
        with parsed: [ParsedChange.Column],
        isOld: Bool,
        of bytes: UnsafeRawBufferPointer
    ) -> Bool {
        if cells.count != columns.count || parsed.count != columns.count {
            cells.removeAll(keepingCapacity: true)
            cells.append(contentsOf: repeatElement(.absent, count: columns.count))
        }
        var next = 0
        for column in parsed {
            // In their order, unless some were added by and by.
            let found =
                next < columns.count && isSame(columns[next], column, isOld: isOld, of: bytes)
                ? next : columns.firstIndex { isSame($0, column, isOld: isOld, of: bytes) }
            guard let found else { return false }
            cells[found] = column.value
            next = found + 1
        }
        return true
    }

    /// Fills `cells` after ``learn(_:_:of:)``.
    func refill(
        _ cells: inout [TupleBuffer.Cell],
        with parsed: [ParsedChange.Column],
        isOld: Bool,
        of bytes: UnsafeRawBufferPointer
    ) throws(MalformedMessage) {
        guard fill(&cells, with: parsed, isOld: isOld, of: bytes) else {
            throw .json("columns that are not told apart")
        }
    }

    @inline(__always)
    private func isSame(
        _ known: Column,
        _ column: ParsedChange.Column,
        isOld: Bool,
        of bytes: UnsafeRawBufferPointer
    ) -> Bool {
        (isOld || known.position == column.position) && Self.isEqual(known.name, column.name, of: bytes)
            && (isOld || Self.isEqual(known.type, column.type, of: bytes))
    }

    @inline(__always)
    private static func isEqual(_ text: [UInt8], _ token: JSONScanner.Token, of bytes: UnsafeRawBufferPointer) -> Bool {
        guard text.count == token.count, let base = bytes.baseAddress else { return false }
        return text.withUnsafeBytes { text in
            guard let text = text.baseAddress else { return true }
            return memcmp(text, base + token.start, token.count) == 0
        }
    }

    /// Takes in what a change says of the columns.
    mutating func learn(_ parsed: [ParsedChange.Column], _ extent: Extent, of bytes: UnsafeRawBufferPointer) {
        var named = parsed.map { column in
            Column(
                name: Array(bytes[column.name.range]),
                type: Array(bytes[column.type.range]),
                position: column.position
            )
        }
        switch extent {
        case .row:
            columns = named
            isComplete = true
            return
        case .key: named.removeAll { new in columns.contains { $0.name == new.name } }
        case .part:
            // A name that is not known may be the new one of any column that is.
            if named.contains(where: { $0.position == nil }) {
                columns = named
                isComplete = false
                return
            }
        }
        columns.removeAll { known in
            named.contains { $0.name == known.name || $0.position != nil && $0.position == known.position }
        }
        columns += named
        guard columns.allSatisfy({ $0.position != nil }) else { return }
        columns.sort { ($0.position ?? 0) < ($1.position ?? 0) }
    }

    /// As a decoder tells of it.
    func described(omitsNullKeys: Bool) throws(MalformedMessage) -> StreamRelation {
        var described: [StreamRelation.Column] = []
        for column in columns {
            described.append(
                StreamRelation.Column(
                    name: try column.name.text(),
                    number: column.position,
                    typeText: try column.type.text()
                )
            )
        }
        return StreamRelation(
            number: number,
            schema: schema,
            name: name,
            columns: described,
            isComplete: isComplete,
            omitsNullKeys: omitsNullKeys
        )
    }
}

extension [UInt8] {
    /// What stands between the quotes of a JSON string, as it is meant.
    fileprivate func text() throws(MalformedMessage) -> String {
        let text = withUnsafeBytes { bytes in Result { () throws(MalformedMessage) in try JSONEscapes.string(bytes) } }
        return try text.get()
    }
}
