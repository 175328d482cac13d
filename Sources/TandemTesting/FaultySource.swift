import Synchronization
public import TandemCore
public import TandemRows

/// One failure of one reading of a table.
public struct ReadFault: Sendable {
    public var error: any Error
    public var afterBatches: Int

    public init(_ error: any Error, afterBatches: Int) {
        self.error = error
        self.afterBatches = afterBatches
    }
}

extension InterceptedSource {
    /// A source that fails where a test says, as often as it says.
    ///
    /// - Parameters:
    ///   - reading: Which readings fail.
    ///   - faults: For each table, the faults of its first, second, … such reading.
    public static func failing(
        _ source: any Source,
        _ reading: Reading = .table,
        faults: [TableName: [ReadFault]]
    ) -> InterceptedSource {
        let list = FaultList(faults)
        return InterceptedSource(
            source,
            rows: { rows, table, what in
                guard what == reading, let fault = list.next(for: table) else { return rows }
                return InterceptedRows.failing(rows, after: fault.afterBatches, fault.error)
            }
        )
    }

    /// A source whose streams fail, or forget to confirm.
    public static func failing(_ source: any Source, _ faults: Faults) -> InterceptedSource {
        InterceptedSource(
            source,
            asking: { try await faults.pause(for: $0) },
            log: { log in
                InterceptedLog(
                    log,
                    asking: { try await faults.pause(for: $0) },
                    preparing: { try await faults.reach(.prepareStream) },
                    prepared: { try await faults.reach(.streamPrepared) },
                    streams: { stream, _ in FaultyStream(stream: stream, faults: faults) }
                )
            }
        )
    }
}

/// What is left to happen.
private final class FaultList: Sendable {
    private let left: Mutex<[TableName: [ReadFault]]>
    init(_ faults: [TableName: [ReadFault]]) { left = Mutex(faults) }

    func next(for table: TableName) -> ReadFault? {
        left.withLock { left in
            guard let fault = left[table]?.first else { return nil }
            left[table]?.removeFirst()
            return fault
        }
    }
}

private struct FaultyStream: ChangeStream {
    let stream: any ChangeStream
    let faults: Faults

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        let batch = try await stream.next(isWanted: isWanted)
        try await faults.reach(.read, batch?.state.map { "\($0.checkpoint)" } ?? "")
        return batch
    }

    /// A confirmation that is lost is no error: the source keeps more than it need, and sends some of it again.
    func confirm(_ checkpoint: Checkpoint) {
        do { try faults.pass(.confirm, "\(checkpoint)") } catch { return }
        stream.confirm(checkpoint)
    }

    func hold(_ table: BufferedTable?) -> Bool { stream.hold(table) }
    func join(_ table: StreamRequest.Table, after place: Checkpoint) { stream.join(table, after: place) }
    func keepAlive() async throws { try await stream.keepAlive() }
    func close() async { await stream.close() }
}

/// An error that a test put somewhere.
public struct TestFault: ExplainedError {
    public var isTransient: Bool
    public init(isTransient: Bool) { self.isTransient = isTransient }

    public var description: String { "A test put this fault here." }
    public var remedy: Remedy? { nil }
}
