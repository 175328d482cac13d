import TandemCore
import TandemRows

/// The documented `--json` of `tandem plan`.
extension SyncPlan: Encodable {
    private enum Key: String, CodingKey { case sync, tables, skipped, failures, orphans, notes, problems }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(sync, forKey: .sync)
        try container.encode(tables, forKey: .tables)
        try container.encode(skipped, forKey: .skipped)
        try container.encode(failures, forKey: .failures)
        try container.encode(orphans, forKey: .orphans)
        try container.encode(notes, forKey: .notes)
        try container.encode(problems, forKey: .problems)
    }
}

extension TablePlan: Encodable {
    private enum Key: String, CodingKey {
        case source, target, kind, method, reason, columns, key, retires, notes, bytes, cursor
        case estimatedRows = "estimated_rows"
    }

    private struct Column: Encodable {
        var name: String
        var target: String
        var type: String
        var native_type: String
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(schema.name, forKey: .source)
        try container.encode(target, forKey: .target)
        try container.encode(source.kind, forKey: .kind)
        try container.encode(method, forKey: .method)
        try container.encode(reason, forKey: .reason)
        let columns = zip(schema.columns, targetNames).map { column, target in
            Column(name: column.name, target: target, type: "\(column.type)", native_type: column.nativeType)
        }
        try container.encode(columns, forKey: .columns)
        try container.encode(schema.identity.map { schema.columns[$0].name }, forKey: .key)
        try container.encode(source.estimatedRows, forKey: .estimatedRows)
        try container.encode(source.bytes, forKey: .bytes)
        try container.encode(retires, forKey: .retires)
        try container.encode(notes, forKey: .notes)
        try container.encodeIfPresent(cursor, forKey: .cursor)
    }
}

extension CursorPlan: Encodable {
    private enum Key: String, CodingKey { case columns, lookback, continues }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(columns.map(\.name), forKey: .columns)
        try container.encode(lookback?.description, forKey: .lookback)
        try container.encode(copy != nil, forKey: .continues)
    }
}

extension SkippedTable: Encodable {
    private enum Key: String, CodingKey { case source, reason, remedy }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .source)
        try container.encode(reason, forKey: .reason)
        try container.encode(remedy, forKey: .remedy)
    }
}

extension FailedTable: Encodable {
    private enum Key: String, CodingKey { case source, target, error, remedy }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(table.schema.name, forKey: .source)
        try container.encode(table.target, forKey: .target)
        try container.encode(failure.message, forKey: .error)
        try container.encode(failure.remedy, forKey: .remedy)
    }
}

extension OrphanTable: Encodable {
    private enum Key: String, CodingKey { case source, target, rows, reason }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(copy.schema.name, forKey: .source)
        try container.encode(copy.target, forKey: .target)
        try container.encode(copy.rows, forKey: .rows)
        try container.encode(reason, forKey: .reason)
    }
}

extension PlanProblem: Encodable {
    private enum Key: String, CodingKey { case line, message, remedy }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(line, forKey: .line)
        try container.encode(message, forKey: .message)
        try container.encode(remedy, forKey: .remedy)
    }
}
