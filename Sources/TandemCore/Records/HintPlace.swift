import Foundation
import TandemRows

/// A place in a log that hints are told from: the text of a ``HintBatch/checkpoint``.
struct HintPlace: Hashable, Codable {
    var method: Method
    /// ``StreamCheckpoint/id``
    var stream: String
    var checkpoint: Checkpoint
    var time: Double?
    /// What was changed before it need not be told.
    var moment: Moment
    /// Which tables are followed, by their ``TableID``.
    var tables: [String]

    init(_ state: StreamCheckpoint, since moment: Moment, tables: [TableID]) {
        method = state.method
        stream = state.id
        checkpoint = state.checkpoint
        time = state.time
        self.moment = moment
        self.tables = tables.map(\.description)
    }

    /// `nil` for what this program has not written.
    init?(_ text: Checkpoint) {
        guard let place = try? JSONDecoder().decode(Self.self, from: Data(text.description.utf8)) else { return nil }
        self = place
    }

    var state: StreamCheckpoint {
        StreamCheckpoint(method: method, id: stream, checkpoint: checkpoint, time: time)
    }

    var hintCheckpoint: Checkpoint {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Of texts and finite numbers, which can all be written.
        return Checkpoint((try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "")
    }
}
