import TandemCore
import TandemRows

/// Brings the changes of one table into it, step by step.
struct StageMerge {
    let stage: StageTable
    let changes: NetChanges
    let session: Session
    /// Whether the transaction ends with these changes.
    private let isLast: Bool
    /// What is to go, without what comes again where that is known here.
    let removed: [RowBatch]
    /// Whether the server still has to look for what comes again.
    private let isOverlapping: Bool

    init(stage: StageTable, changes: NetChanges, session: Session, isLast: Bool) {
        self.stage = stage
        self.changes = changes
        self.session = session
        self.isLast = isLast
        var rest: [RowBatch]?
        if stage.key.count == 1, changes.patched.isEmpty, !changes.removed.isEmpty {
            rest = KeySet(changes.written, column: stage.key[0])?.removed(from: changes.removed)
        }
        // Where rows are marked, what goes and is not marked comes again under its key.
        if stage.keepsDeleted, !stage.key.isEmpty { rest = [] }
        removed = rest ?? changes.removed
        isOverlapping = rest == nil
    }

    var target: TableName { stage.target.target }

    /// Copies everything to the server, and empties the table and fills patched rows there, where that is wanted.
    ///
    /// - Parameter isNumbered: Whether each row gets a number, from 0 on in the order in which they are sent: those of
    ///   ``removed``, written ones, deleted ones, patched ones.
    func stageRows(_ encoder: RowEncoder, isNumbered: Bool = false) throws {
        var next: Int32? = isNumbered ? 0 : nil
        if changes.isEmptied { try empty() }
        if let bound = changes.removedFrom { try remove(bound) }
        try copy(.removed, removed.map { ($0.rowCount, $0.columns) }, encoder, &next)
        try copy(.written, changes.written.map { ($0.rowCount, $0.columns) }, encoder, &next)
        try copy(.deleted, changes.deleted.map { ($0.rows.rowCount, $0.rows.columns) }, encoder, &next)
        guard !changes.patched.isEmpty else { return }
        let patched = changes.patched.map { patched in
            let rows = patched.rows
            return (rows.rowCount, patched.keys.columns + [Self.absences(of: rows)] + rows.columns.map(Self.withNulls))
        }
        try copy(.patched, patched, encoder, &next)
        let absent = stage.target.types.indices.filter { index in
            changes.patched.contains { $0.rows.columns[index].absent != nil }
        }
        let found = try session.query(stage.fill(absent)).value.flatMap { Int($0) }
        let wanted = changes.patched.reduce(0) { $0 + $1.rows.rowCount }
        guard found == wanted else {
            throw TableMismatch(target, because: "a row that was changed at the source is not there")
        }
    }

    /// Marks and removes rows.
    func takeAway() throws {
        if !changes.deleted.isEmpty, stage.key.isEmpty {
            let (begin, end) = ("SET LOCAL enable_hashjoin = on; ", "; SET LOCAL enable_hashjoin = off")
            try session.execute(begin + stage.marking + end)
        } else if !changes.deleted.isEmpty {
            try expectNone(after: stage.marking, stage.left(isOverlapping: false, where: "true"))
        }
        guard !stage.keepsDeleted || stage.key.isEmpty else { return }
        guard !removed.isEmpty || !changes.patched.isEmpty else { return }
        guard stage.key.isEmpty else {
            return try expectNone(
                after: stage.deletion(isOverlapping: isOverlapping),
                stage.left(isOverlapping: isOverlapping, where: "true")
            )
        }
        // Nothing to look rows up by: the table is read, once.
        try session.execute(
            "SET LOCAL enable_hashjoin = on; \(stage.countedDeletion); SET LOCAL enable_hashjoin = off"
        )
    }

    /// Adds and replaces rows.
    func write() throws {
        guard !changes.written.isEmpty || !changes.patched.isEmpty else { return }
        let replaces = !stage.key.isEmpty && (!changes.isEmptied || stage.keepsDeleted)
        let insertion = stage.insertion(replaces: replaces)
        guard stage.key.isEmpty else { return try expectNone(after: insertion, stage.unlike(where: "true")) }
        let wanted = changes.written.reduce(0) { $0 + $1.rowCount }
        // Equal rows cannot be told from each other.
        if try session.answer(insertion).affected != wanted { throw altered }
    }

    /// Runs `statement`, and throws where `question` then counts any rows.
    ///
    /// - Throws: ``ConstraintViolation`` where triggers or rules of the target's users had their way.
    func expectNone(after statement: String, _ question: String) throws {
        guard try session.answer("\(statement); \(question)").value == "0" else { throw altered }
    }

    private var altered: ConstraintViolation {
        let objection = ServerErrorFields(code: ServerErrorFields.alteration)
        let problem = DestinationProblem.held(
            target,
            by: ["a trigger or rule that was made here"],
            reason: objection.cause
        )
        let error = TargetError(target, PostgresError.destination(session.endpoint, problem))
        return ConstraintViolation(objection: objection, meaning: error)
    }

    /// In the middle of a transaction not by TRUNCATE, for which readers would have to wait until its end.
    private func empty() throws {
        let none = stage.left(where: "true")
        if stage.keepsDeleted { return try expectNone(after: stage.markingAll(changes.emptiedAt), none) }
        if isLast, try truncate() { return }
        try expectNone(after: "DELETE FROM ONLY \(SQL.name(target))", none)
    }

    private func remove(_ bound: RowBound) throws {
        let condition = bound.condition {
            SQL.identifier(stage.target.schema.columns[$0].name)
        } literal: { value, column in
            SQL.literal(ValueText.of(value, stage.target.schema.columns[column].type) ?? "")
        }
        try expectNone(
            after: "DELETE FROM ONLY \(SQL.name(target)) WHERE \(condition)",
            stage.left(where: "(\(condition))")
        )
    }

    /// - Returns: `false` where foreign keys or readers are in the way.
    private func truncate() throws -> Bool {
        try session.execute("SAVEPOINT tandem_truncate; SET LOCAL lock_timeout = '1s'")
        do {
            try session.execute("TRUNCATE ONLY \(SQL.name(target)); RELEASE tandem_truncate")
            return true
        } catch let error as PostgresError where error.isLockConflict || error.sqlState == "0A000" {
            try session.execute("ROLLBACK TO tandem_truncate; RELEASE tandem_truncate")
            return false
        }
    }

    /// - Parameter next: The number of the next row, where they are numbered.
    private func copy(
        _ kind: StageTable.Kind,
        _ parts: [(rows: Int, columns: [Column])],
        _ encoder: RowEncoder,
        _ next: inout Int32?
    ) throws {
        guard parts.contains(where: { $0.rows > 0 }) else { return }
        var layout = stage.layout(of: kind)
        if next != nil {
            layout.columns.insert("n", at: 1)
            layout.encoders.insert(.int32, at: 1)
        }
        let sent = parts.reduce(0) { $0 + $1.rows }
        let stored = try session.copyIn(stage.copy(layout.columns)) {
            for part in parts {
                let word = Column(storage: .int16(Array(repeating: kind.rawValue, count: part.rows)))
                var columns = [word]
                if let first = next {
                    columns.append(Column(storage: .int32(Array(first..<first + Int32(part.rows)))))
                    next = first + Int32(part.rows)
                }
                columns += part.columns
                try session.sendCopy(encoded(columns, rows: part.rows, as: layout.encoders, encoder))
            }
        }
        guard sent == stored else {
            throw PostgresError.destination(session.endpoint, .miscounted(target, sent: sent, stored: stored))
        }
    }

    private func encoded(
        _ columns: [Column],
        rows: Int,
        as encoders: [CellEncoder],
        _ encoder: RowEncoder
    ) throws -> UnsafeRawBufferPointer {
        do throws(UnwritableColumn) {
            return try encoder.encode(columns, rows: rows, as: encoders)
        } catch {
            throw TableMismatch(target, because: "a row of it \(error.reason)")
        }
    }

    /// Calls `body`, and says of the server's errors what they mean for this table.
    ///
    /// - Throws: ``ConstraintViolation`` where it is about what rows hold.
    func explained(_ body: () throws -> Void) throws {
        do { try body() } catch let error as PostgresError {
            guard let state = error.sqlState else { throw error.isConfined ? TargetError(target, error) : error }
            // The table is not what it was, or its columns do not take the values.
            let refusals = ["42P01", "42703", "42P10", "42804", "42846", "42883", "55000"]
            if refusals.contains(state) { throw cannotTake(error) }
            guard let objection = session.objection, objection.code == state, objection.isAboutContent else {
                throw error.isConfined ? TargetError(target, error) : error
            }
            throw ConstraintViolation(objection: objection, meaning: meaning(of: error, state))
        }
    }

    /// Values are none of their columns' types.
    func cannotTake(_ error: PostgresError) -> TableMismatch {
        TableMismatch(target, because: "the server does not take them: \(error.serverMessage ?? "an error")")
    }

    private func meaning(of error: PostgresError, _ state: String) -> any Error {
        if state.hasPrefix("22") { return cannotTake(error) }
        guard state.hasPrefix("23") else { return TargetError(target, error) }
        let problem = DestinationProblem.held(
            target,
            by: ["a constraint that was made here"],
            reason: error.serverMessage ?? state
        )
        return TargetError(target, PostgresError.destination(session.endpoint, problem))
    }
}

// MARK: - Absent values

extension StageMerge {
    /// For each row, which columns were not sent: a bit each, the lowest of a byte first, as `get_bit` counts.
    private static func absences(of rows: RowBatch) -> Column {
        let width = (rows.columns.count + 7) / 8
        let storage = ByteStorage(capacity: width * rows.rowCount)
        let start = storage.append(count: width * rows.rowCount) { place in
            place.initializeMemory(as: UInt8.self, repeating: 0, count: width * rows.rowCount)
            for (index, column) in rows.columns.enumerated() {
                guard let absent = column.absent else { continue }
                for row in 0..<rows.rowCount where absent[row] {
                    let byte = place + (row * width + index / 8)
                    byte.storeBytes(of: byte.load(as: UInt8.self) | 1 << UInt8(index % 8), as: UInt8.self)
                }
            }
        }
        let views = (0..<rows.rowCount).map { row in
            ByteViews.View(start: UInt32(start + row * width), length: UInt32(width))
        }
        return Column(storage: .bytes(ByteViews(views: views, storage: storage)))
    }

    /// The column with a null wherever nothing was sent.
    private static func withNulls(_ column: Column) -> Column {
        guard let absent = column.absent else { return column }
        var validity = column.validity ?? Bitmap(repeating: true, count: absent.count)
        for row in 0..<absent.count where absent[row] { validity.clear(row) }
        return Column(storage: column.storage, validity: validity)
    }
}
