extension PgOutput {
    /// `R`: a table's number, names and replica identity, and its columns in the order of their numbers.
    static func relation(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) -> StreamRelation {
        var reader = MessageReader(message, from: 1, kind: "Relation")
        let table = try reader.number(UInt32.self)
        let schema = try reader.text()
        let name = try reader.text()
        guard let identity = StreamRelation.Identity(rawValue: try reader.number()) else {
            throw reader.undefined("replica identity")
        }
        let count = Int(try reader.number(UInt16.self))
        // A column takes ten bytes at least, so no count makes room for more than was sent.
        guard count <= reader.left / 10 else { throw reader.short }
        var columns: [StreamRelation.Column] = []
        columns.reserveCapacity(count)
        for _ in 0..<count {
            let flags = try reader.number(UInt8.self)
            let name = try reader.text()
            let type = try reader.number(UInt32.self)
            let modifier = try reader.number(Int32.self)
            let isKey = flags & 1 != 0
            columns.append(StreamRelation.Column(name: name, type: type, modifier: modifier, isKey: isKey))
        }
        try reader.end()
        return StreamRelation(
            number: table,
            table: table,
            // What is built in has no schema of its own in this message.
            schema: schema.isEmpty ? "pg_catalog" : schema,
            name: name,
            identity: identity,
            columns: columns
        )
    }
}
