extension PgOutput {
    /// `Y`: the names of a type that is not built in. The catalog says more, so that this is only checked.
    static func type(_ message: UnsafeRawBufferPointer, from start: Int) throws(MalformedMessage) {
        var reader = MessageReader(message, from: start, kind: "Type")
        _ = try reader.number(UInt32.self)
        _ = try reader.text()
        _ = try reader.text()
        try reader.end()
    }
}
