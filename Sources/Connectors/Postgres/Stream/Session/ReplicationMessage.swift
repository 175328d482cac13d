/// What a server sends while it streams its log.
enum ReplicationMessage {
    /// A message of the slot's plugin.
    ///
    /// - `position`: What the plugin says it belongs to.
    /// - `time`: When it was sent, in microseconds since 2000, by the server's clock.
    /// - `payload`: Valid only while the message is being handled.
    case data(position: LSN, time: Int64, payload: UnsafeRawBufferPointer)
    /// How far the server has decoded: whatever was committed before `end` has been sent.
    case keepAlive(end: LSN, time: Int64, isReplyWanted: Bool)

    /// Takes apart what stands in one message of a COPY in both directions.
    init(_ bytes: UnsafeRawBufferPointer) throws(MalformedReplication) {
        func number(at offset: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        switch bytes.first {
        case UInt8(ascii: "w"):
            guard bytes.count >= Self.dataHeader else { throw MalformedReplication(what: "a cut-off piece of its log") }
            self = .data(
                position: LSN(rawValue: number(at: 1)),
                time: Int64(bitPattern: number(at: 17)),
                payload: UnsafeRawBufferPointer(rebasing: bytes[Self.dataHeader...])
            )
        case UInt8(ascii: "k"):
            guard bytes.count == Self.keepAlive else { throw MalformedReplication(what: "a cut-off keep-alive") }
            self = .keepAlive(
                end: LSN(rawValue: number(at: 1)),
                time: Int64(bitPattern: number(at: 9)),
                isReplyWanted: bytes[17] != 0
            )
        case let kind:
            let code = kind.map(String.init) ?? "none"
            throw MalformedReplication(what: "a replication message of an unknown kind (\(code))")
        }
    }

    private static let dataHeader = 25
    private static let keepAlive = 18
}

/// Bytes of the replication protocol that make no sense.
struct MalformedReplication: Error, Equatable {
    /// What follows "the server sent".
    var what: String
}
