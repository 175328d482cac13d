import TandemCore
import TandemRows

/// What was made at sources, and under which names all of this is remembered.
extension Metadata {
    /// Of one sync, or of all.
    func made(of sync: String?) throws -> [MadeObject] {
        guard try exists() else { return [] }
        let question = "SELECT \(MadeObject.storedColumns) FROM \(Self.table("made")) ORDER BY sync, kind, name"
        let made = try session.query(question).rows.compactMap(MadeObject.init(stored:))
        return made.filter { sync == nil || $0.sync == sync }
    }

    /// Inside a transaction.
    func note(made: [MadeObject], gone: [MadeObject]) throws {
        for object in gone {
            _ = try session.query(
                "DELETE FROM \(Self.table("made")) WHERE sync = $1 AND kind = $2 AND name = $3 AND place = $4",
                [object.sync, object.kind.rawValue, object.name, object.place]
            )
        }
        for object in made {
            _ = try session.query(
                """
                INSERT INTO \(Self.table("made")) (sync, project, kind, name, place, replacing)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (sync, kind, name, place)
                DO UPDATE SET project = EXCLUDED.project, replacing = EXCLUDED.replacing
                """,
                [object.sync, object.project, object.kind.rawValue, object.name, object.place, object.replacing]
            )
        }
    }

    /// Inside a transaction.
    ///
    /// - Returns: Whether anything had the name `sync`.
    func rename(_ sync: String, to name: String) throws -> Bool {
        var isKnown = false
        for table in ["tables", "streams", "made"] {
            let rows = try session.query(
                "UPDATE \(Self.table(table)) SET sync = $2 WHERE sync = $1 RETURNING true",
                [sync, name]
            ).rows
            isKnown = isKnown || !rows.isEmpty
        }
        for kept in try keptLoads() where kept.load.sync == sync {
            var load = kept.load
            load.sync = name
            try session.execute(try Self.noting(load, at: kept.noted.name, isText: kept.isText))
            isKnown = true
        }
        return isKnown
    }
}
