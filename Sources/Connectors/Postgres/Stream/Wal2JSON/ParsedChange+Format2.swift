import TandemRows

extension ParsedChange {
    /// Reads an object of format 2: one for each change, and for the start and the end of a transaction.
    mutating func readFormat2(
        _ scanner: inout JSONScanner,
        values: ValueStore
    ) throws(MalformedMessage) {
        try scanner.object { name, scanner throws(MalformedMessage) in
            if scanner.isEqual(name, "columns") {
                try Self.readColumns(&scanner, into: &columns, values: values)
            } else if scanner.isEqual(name, "identity") {
                hasIdentity = true
                try Self.readColumns(&scanner, into: &identity, values: values)
            } else if scanner.isEqual(name, "action") {
                kind = Self.kind(of: try scanner.string(), scanner)
            } else {
                try readMember(name, &scanner)
            }
        }
        try scanner.end()
    }

    private static func kind(of action: Token, _ scanner: JSONScanner) -> Kind {
        guard action.count == 1 else { return .other }
        switch scanner.bytes[action.start] {
        case UInt8(ascii: "I"): return .insert
        case UInt8(ascii: "U"): return .update
        case UInt8(ascii: "D"): return .delete
        case UInt8(ascii: "B"): return .begin
        case UInt8(ascii: "C"): return .commit
        case UInt8(ascii: "T"): return .truncate
        case UInt8(ascii: "M"): return .message
        default: return .other
        }
    }

    private static func readColumns(
        _ scanner: inout JSONScanner,
        into columns: inout [Column],
        values: ValueStore
    ) throws(MalformedMessage) {
        try scanner.array { scanner throws(MalformedMessage) in
            var column = Column()
            try scanner.object { name, scanner throws(MalformedMessage) in
                if scanner.isEqual(name, "value") {
                    column.value = try values.add(scanner.scalar(), of: scanner.bytes)
                } else if scanner.isEqual(name, "name") {
                    column.name = try scanner.string()
                } else if scanner.isEqual(name, "type") {
                    column.type = try scanner.string()
                } else if scanner.isEqual(name, "position") {
                    column.position = try number(&scanner)
                } else {
                    try scanner.skip()
                }
            }
            columns.append(column)
        }
    }

    /// Reads a member that both formats have.
    mutating func readMember(_ name: Token, _ scanner: inout JSONScanner) throws(MalformedMessage) {
        if scanner.isEqual(name, "schema") {
            schema = try scanner.string()
        } else if scanner.isEqual(name, "table") {
            table = try scanner.string()
        } else if scanner.isEqual(name, "xid") {
            // Messages outside of a transaction have none.
            if let number: UInt32 = try Self.number(&scanner) { xid = number }
        } else if scanner.isEqual(name, "lsn") {
            lsn = try Self.text(&scanner).flatMap { LSN($0) }
        } else if scanner.isEqual(name, "nextlsn") {
            nextLSN = try Self.text(&scanner).flatMap { LSN($0) }
        } else if scanner.isEqual(name, "timestamp") {
            time = try Self.text(&scanner).flatMap { CommitTime.seconds($0) }
        } else if scanner.isEqual(name, "transactional") {
            if case .bare(let word) = try scanner.scalar() { isTransactional = scanner.isEqual(word, "true") }
        } else if scanner.isEqual(name, "prefix") {
            prefix = try scanner.string()
        } else if scanner.isEqual(name, "content") {
            contentCount = try scanner.string().count
        } else {
            try scanner.skip()
        }
    }

    private static func text(_ scanner: inout JSONScanner) throws(MalformedMessage) -> String? {
        guard case .text(let token) = try scanner.scalar() else { return nil }
        return String(decoding: scanner.bytes[token.range], as: UTF8.self)
    }

    /// A whole number, or `nil` for null.
    static func number<Number: FixedWidthInteger>(
        _ scanner: inout JSONScanner
    ) throws(MalformedMessage) -> Number? {
        guard case .bare(let token) = try scanner.scalar() else { return nil }
        var number: Number = 0
        for byte in scanner.bytes[token.range] {
            guard (0x30...0x39).contains(byte) else { throw .json("no whole number") }
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isOver) = tens.addingReportingOverflow(Number(truncatingIfNeeded: byte - 0x30))
            guard !isTooLarge, !isOver else { throw .json("a number that is too large") }
            number = sum
        }
        return number
    }
}
