import TandemCore
import TandemRows
import TandemTesting

@testable import TandemEngine

/// Values for a `BackfillMachine`, and its answers as texts.
enum BackfillSample {
    static func plan(_ id: TableID, target: String? = nil) -> TablePlan {
        let name = TableName(schema: "public", table: "t\(id)")
        let column = ColumnSchema(name: "id", type: .int32, nativeType: "integer", id: 1)
        let schema = TableSchema(name: name, id: id, columns: [column], identity: [0])
        return TablePlan(
            source: CatalogTable(schema: schema, kind: .table, methods: [:]),
            target: TableName(schema: "public", table: target ?? name.table),
            method: .logBased,
            reason: "a test",
            schema: schema,
            targetNames: ["id"]
        )
    }

    static func place(_ number: Int, of stream: String = "stream") -> StreamCheckpoint {
        StreamCheckpoint(id: stream, checkpoint: Checkpoint("\(number)"))
    }

    static func outcome(_ table: TablePlan) -> TableOutcome {
        let moment = Moment(checkpoint: Checkpoint("0"), origin: "here", time: 0)
        let copy = SyncedTable(target: table.target, schema: table.schema, rows: 0, moment: moment, stream: "stream")
        return TableOutcome(copy: copy, tally: ReadTally(), duration: .zero)
    }

    /// The state of table 1, and what is needed of the log.
    static func text(_ machine: BackfillMachine) -> String {
        let state =
            switch machine.tables[1]?.state {
            case nil: "unknown"
            case .idle: "idle"
            case .wanted: "wanted"
            case .starting: "starting"
            case .copying(_, let isBuffered): isBuffered ? "copying, buffered" : "copying"
            case .cancelling: "cancelling"
            case .loaded(let loaded): "\(loaded.isPublished ? "published" : "loaded"), \(loaded.changes)"
            case .discarding: "discarding"
            case .followed: "followed"
            }
        return "\(state)\(machine.needed.map { " (\($0))" } ?? "")"
    }

    static func text(_ action: BackfillMachine.Action) -> String {
        switch action {
        case .startBuffering(let table): "start buffering \(table.target.table)"
        case .join(_, let place): "join after \(place)"
        case .confirm(let place): "confirm \(place)"
        case .stopStream: "stop the stream"
        case .copy(let table, let since): "copy \(table.target.table) since \(since.checkpoint)"
        case .cancelCopy: "cancel the copy"
        case .publish(let loaded): loaded.placed.stream == nil ? "publish" : "publish as followed"
        case .reread(let loaded, let place): "reread \(loaded.since.checkpoint) to \(place.checkpoint)"
        case .discard(_, let withSections): withSections ? "discard with sections" : "discard"
        case .wake: "wake"
        case .report(let event):
            switch event {
            case .tableFailed: "report failure"
            case .copyingAgain(_, let reason): "report copying again: \(reason)"
            case .retrying: "report retrying"
            default: "report"
            }
        }
    }
}
