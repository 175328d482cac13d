import TandemRows

@testable import TandemPostgres

/// Writes down what a decoder says, a line each, without what differs from run to run.
struct RecordingSink: ChangeSink {
    var lines: [String] = []
    var ends: [TransactionEnd] = []
    var starts: [TransactionStart] = []
    var relations: [UInt32: StreamRelation] = [:]

    mutating func begin(_ start: TransactionStart) {
        starts.append(start)
        lines.append("begin")
    }

    mutating func commit(_ end: TransactionEnd) {
        ends.append(end)
        lines.append("commit")
    }

    mutating func relation(_ relation: StreamRelation) {
        relations[relation.number] = relation
        let columns = relation.columns.map { ($0.isKey ? "*" : "") + $0.name }
        lines.append("relation \(relation.schema).\(relation.name)(\(columns.joined(separator: ",")))")
    }

    mutating func insert(_ new: TupleImage, into relation: UInt32) throws {
        lines.append("insert \(try name(relation)) \(Self.text(new))")
    }

    mutating func update(_ old: OldImage, to new: TupleImage, in relation: UInt32) throws {
        lines.append("update \(try name(relation)) \(Self.text(old))-> \(Self.text(new))")
    }

    mutating func delete(_ old: OldImage, from relation: UInt32) throws {
        let text = Self.text(old).dropLast()
        lines.append("delete \(try name(relation)) \(text)")
    }

    mutating func truncate(_ relations: [UInt32]) throws {
        lines.append("truncate " + (try relations.map(name).sorted().joined(separator: " ")))
    }

    mutating func message(_ message: LogicalMessage) {
        lines.append("message \(message.prefix) \(message.byteCount) \(message.isTransactional)")
    }

    private func name(_ relation: UInt32) throws -> String {
        guard let known = relations[relation] else { throw MalformedMessage.unknownRelation }
        return known.name
    }

    private static func text(_ old: OldImage) -> String {
        switch old {
        case .unchanged: ""
        case .key(let image): "key " + text(image) + " "
        case .row(let image): "row " + text(image) + " "
        }
    }

    /// Values in brackets; `-` for null, `?` for what was not sent.
    static func text(_ image: TupleImage) -> String {
        let cells = image.cells.map { cell -> String in
            if cell == .null { return "-" }
            if cell == .absent { return "?" }
            let end = Int(cell.start) + Int(cell.length)
            return String(decoding: image.bytes[Int(cell.start)..<end], as: UTF8.self)
        }
        return "[" + cells.joined(separator: " ") + "]"
    }
}
