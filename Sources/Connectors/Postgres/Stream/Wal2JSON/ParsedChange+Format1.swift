import TandemRows

extension ParsedChange {
    /// Reads what a message of format 1 holds, of which each change is one (`write-in-chunks`): the start of a
    /// transaction up to the list of its changes, a change, or what closes the list.
    mutating func readFormat1(_ scanner: inout JSONScanner, values: ValueStore) throws(MalformedMessage) {
        if scanner.take(UInt8(ascii: "]")) {
            try scanner.expect(UInt8(ascii: "}"))
            try scanner.end()
            kind = .commit
            return
        }
        _ = scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "{"))
        repeat {
            let name = try scanner.string()
            try scanner.expect(UInt8(ascii: ":"))
            if scanner.isEqual(name, "change") {
                return try readList(&scanner)
            } else if scanner.isEqual(name, "kind") {
                kind = Self.kind(of: try scanner.string(), scanner)
            } else if scanner.isEqual(name, "oldkeys") {
                hasIdentity = true
                try readOldKeys(&scanner, values: values)
            } else if try !Self.readPart(name, &scanner, prefix: "column", of: &columns, values) {
                try readMember(name, &scanner)
            }
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "}"))
        try scanner.end()
    }

    /// What opens a transaction ends with the bracket of its list. A list that is there is a message outside of any.
    private mutating func readList(_ scanner: inout JSONScanner) throws(MalformedMessage) {
        try scanner.expect(UInt8(ascii: "["))
        guard scanner.peek() != nil else {
            kind = .begin
            return
        }
        guard xid == nil, kind == nil else { throw .json("a transaction that does not come in chunks") }
        kind = .other
    }

    private mutating func readOldKeys(
        _ scanner: inout JSONScanner,
        values: ValueStore
    ) throws(MalformedMessage) {
        try scanner.object { name, scanner throws(MalformedMessage) in
            if try !Self.readPart(name, &scanner, prefix: "key", of: &identity, values) { try scanner.skip() }
        }
    }

    private static func kind(of word: Token, _ scanner: JSONScanner) -> Kind {
        if scanner.isEqual(word, "insert") { return .insert }
        if scanner.isEqual(word, "update") { return .update }
        if scanner.isEqual(word, "delete") { return .delete }
        return .other
    }

    /// Reads one of the lists that together describe columns: names, types, positions, values.
    ///
    /// - Returns: Whether `name` is one of them.
    private static func readPart(
        _ name: Token,
        _ scanner: inout JSONScanner,
        prefix: StaticString,
        of columns: inout [Column],
        _ values: ValueStore
    ) throws(MalformedMessage) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard name.count > length,
            scanner.isEqual(Token(start: name.start, count: length), prefix)
        else { return false }
        let part = Token(start: name.start + length, count: name.count - length)
        var index = 0
        func each(
            _ scanner: inout JSONScanner,
            _ take: (inout Column, inout JSONScanner) throws(MalformedMessage) -> Void
        ) throws(MalformedMessage) {
            try scanner.array { scanner throws(MalformedMessage) in
                if index == columns.count { columns.append(Column()) }
                try take(&columns[index], &scanner)
                index += 1
            }
        }
        if scanner.isEqual(part, "names") {
            try each(&scanner) { column, scanner throws(MalformedMessage) in column.name = try scanner.string() }
        } else if scanner.isEqual(part, "types") {
            try each(&scanner) { column, scanner throws(MalformedMessage) in column.type = try scanner.string() }
        } else if scanner.isEqual(part, "positions") {
            try each(&scanner) { column, scanner throws(MalformedMessage) in column.position = try number(&scanner) }
        } else if scanner.isEqual(part, "values") {
            try each(&scanner) { column, scanner throws(MalformedMessage) in
                column.value = try values.add(scanner.scalar(), of: scanner.bytes)
            }
        } else {
            return false
        }
        return true
    }
}
