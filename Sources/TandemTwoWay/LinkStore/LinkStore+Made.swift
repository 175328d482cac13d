import Foundation
import GRDB
package import TandemCore
import TandemRows

extension LinkStore {
    /// What was made at each side for the sync.
    package func made() async throws -> Both<[MadeObject]> {
        try await file.perform { db in try Both { try Self.made(at: $0, db) } }
    }

    /// Durable with all that was stored before.
    package func note(_ made: [MadeObject], gone: [MadeObject], at side: Side) async throws {
        try await file.perform { db in
            if !db.isInsideTransaction { try db.beginTransaction(.immediate) }
            var known = try Self.made(at: side, db)
            known.learn(made, forgetting: gone)
            let text = String(decoding: try JSONEncoder().encode(known), as: UTF8.self)
            try db.execute(sql: "INSERT OR REPLACE INTO made VALUES (?, ?)", arguments: [side.rawValue, text])
            try db.commit()
        }
    }

    private static func made(at side: Side, _ db: Database) throws -> [MadeObject] {
        let text = try String.fetchOne(db, sql: "SELECT objects FROM made WHERE side = ?", arguments: [side.rawValue])
        guard let text else { return [] }
        return try JSONDecoder().decode([MadeObject].self, from: Data(text.utf8))
    }
}
