import TandemCore
import TandemRows

/// What was made at sources, and under which names all of this is remembered.
extension Metadata {
    /// Of one sync, or of all.
    func made(of sync: String?) throws -> [MadeObject] {
        guard try storedVersion() != nil else { return [] }
        let rows = try session.texts(
            "SELECT \(MadeObject.storedColumns) FROM \(table("made")) ORDER BY sync, kind, name",
            to: "read what was made at the sources"
        )
        return rows.compactMap(MadeObject.init(stored:)).filter { sync == nil || $0.sync == sync }
    }

    /// In a transaction.
    func note(made: [MadeObject], gone: [MadeObject]) throws {
        for object in made + gone {
            try session.run(
                "DELETE FROM \(table("made")) WHERE sync = $1 AND kind = $2 AND name = $3 AND place = $4",
                [.text(object.sync), .text(object.kind.rawValue), .text(object.name), .text(object.place)],
                to: "note what is at the source"
            )
        }
        for object in made {
            let texts = [object.sync, object.project, object.kind.rawValue, object.name, object.place]
            let values = texts.map(SQL.literal) + [object.replacing.map(SQL.literal) ?? "NULL"]
            try session.run(
                "INSERT INTO \(table("made")) VALUES (\(values.joined(separator: ", ")))",
                to: "note what is at the source"
            )
        }
    }

    /// In a transaction. ``Destination/forget(_:tables:)`` of `name` comes before.
    ///
    /// - Returns: Whether anything had the name `sync`.
    func rename(_ sync: String, to name: String) throws -> Bool {
        var count = 0
        for table in ["tables", "streams", "made"] {
            count += try session.run(
                "UPDATE \(self.table(table)) SET sync = $2 WHERE sync = $1",
                [.text(sync), .text(name)],
                to: "rename \(sync)"
            )
        }
        for kept in try keptLoads() where kept.load.sync == sync {
            var load = kept.load
            load.sync = name
            try note(load, of: kept.name)
            count += 1
        }
        return count > 0
    }
}
