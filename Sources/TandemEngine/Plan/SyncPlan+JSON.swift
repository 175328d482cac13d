import TandemCore
import TandemRows

/// The documented `--json` of `tandem plan`.
extension SyncPlan: Encodable {
    private enum Key: String, CodingKey {
        case sync, tables, failures, orphans, notes, problems, obstacles
        case skipped = "left_out"
    }

    private struct Obstacle: Encodable {
        var subject: String
        var message: String
        var remedy: Remedy?

        init(_ finding: Finding) { (subject, message, remedy) = (finding.subject, finding.message, finding.remedy) }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(sync, forKey: .sync)
        try container.encode(tables, forKey: .tables)
        try container.encode(skipped, forKey: .skipped)
        try container.encode(failures, forKey: .failures)
        try container.encode(orphans, forKey: .orphans)
        try container.encode(notes, forKey: .notes)
        try container.encode(problems, forKey: .problems)
        try container.encode(obstacles.map(Obstacle.init), forKey: .obstacles)
    }
}

extension TablePlan: Encodable {
    private enum Key: String, CodingKey {
        case schema, table, kind, method, reason, columns, key, retires, notes, bytes, cursor
        case targetSchema = "target_schema"
        case targetTable = "target_table"
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
        try container.encode(schema.name.schema, forKey: .schema)
        try container.encode(schema.name.table, forKey: .table)
        try container.encode(target.schema, forKey: .targetSchema)
        try container.encode(target.table, forKey: .targetTable)
        try container.encode(source.kind, forKey: .kind)
        try container.encode(method, forKey: .method)
        try container.encode(reason, forKey: .reason)
        let columns = zip(schema.columns, targetNames).map { column, target in
            Column(name: column.name, target: target, type: "\(column.type)", native_type: column.nativeType)
        }
        try container.encode(columns, forKey: .columns)
        try container.encode(schema.identity.map { schema.columns[$0].name }, forKey: .key)
        try container.encodeIfPresent(source.estimatedRows, forKey: .estimatedRows)
        try container.encodeIfPresent(source.bytes, forKey: .bytes)
        try container.encodeIfPresent(retires, forKey: .retires)
        try container.encode(notes, forKey: .notes)
        try container.encodeIfPresent(cursor, forKey: .cursor)
    }
}

extension CursorPlan: Encodable {
    private enum Key: String, CodingKey { case columns, lookback, continues }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(columns.map(\.name), forKey: .columns)
        try container.encodeIfPresent(lookback?.description, forKey: .lookback)
        try container.encode(copy != nil, forKey: .continues)
    }
}

extension SkippedTable: Encodable {
    private enum Key: String, CodingKey { case schema, table, reason, remedy }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name.schema, forKey: .schema)
        try container.encode(name.table, forKey: .table)
        try container.encode(reason, forKey: .reason)
        try container.encodeIfPresent(remedy, forKey: .remedy)
    }
}

extension FailedTable: Encodable {
    private enum Key: String, CodingKey {
        case schema, table, error, remedy
        case targetSchema = "target_schema"
        case targetTable = "target_table"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(table.schema.name.schema, forKey: .schema)
        try container.encode(table.schema.name.table, forKey: .table)
        try container.encode(table.target.schema, forKey: .targetSchema)
        try container.encode(table.target.table, forKey: .targetTable)
        try container.encode(failure.message, forKey: .error)
        try container.encodeIfPresent(failure.remedy, forKey: .remedy)
    }
}

extension OrphanTable: Encodable {
    private enum Key: String, CodingKey {
        case schema, table, rows, reason
        case targetSchema = "target_schema"
        case targetTable = "target_table"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(copy.schema.name.schema, forKey: .schema)
        try container.encode(copy.schema.name.table, forKey: .table)
        try container.encode(copy.target.schema, forKey: .targetSchema)
        try container.encode(copy.target.table, forKey: .targetTable)
        try container.encode(copy.rows, forKey: .rows)
        try container.encode(reason, forKey: .reason)
    }
}

extension PlanProblem: Encodable {
    private enum Key: String, CodingKey { case line, message, remedy }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(line, forKey: .line)
        try container.encode(message, forKey: .message)
        try container.encodeIfPresent(remedy, forKey: .remedy)
    }
}
