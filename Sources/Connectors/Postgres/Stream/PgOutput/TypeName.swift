extension PgOutput {
    /// `Y`: the names of a type that is not built in. The catalog says more, so that this is only checked.
    static func type(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) {
        var reader = MessageReader(message, from: 1, kind: "Type")
        _ = try reader.number(UInt32.self)
        _ = try reader.text()
        _ = try reader.text()
        try reader.end()
    }
}
