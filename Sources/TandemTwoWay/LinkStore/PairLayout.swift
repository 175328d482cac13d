import GRDB
import TandemRows

/// What the numbers of a pair and of its fields stand for: its place among the pairs, and theirs in `fields`.
package struct PairLayout: Hashable, Sendable {
    package var name: String
    package var fields: [String]

    package init(name: String, fields: [String]) {
        self.name = name
        self.fields = fields
    }
}

/// The pairs of a configuration by their numbers in the file.
struct StoredLayout: Sendable {
    struct Pair: Sendable {
        var id: Int64
        var name: String
        /// In the configuration's order.
        var fields: [(id: Int64, name: String)]
    }

    /// In the configuration's order.
    private(set) var pairs: [Pair]
    private var places: [Int64: Int] = [:]

    init(_ db: Database) throws {
        pairs = try Row.fetchAll(db, sql: "SELECT id, name FROM pair WHERE place IS NOT NULL ORDER BY place").map {
            Pair(id: $0["id"], name: $0["name"], fields: try Self.fields(of: $0["id"], db))
        }
        for (place, pair) in pairs.enumerated() { places[pair.id] = place }
    }

    static func fields(of pair: Int64, _ db: Database) throws -> [(id: Int64, name: String)] {
        try Row.fetchAll(
            db,
            sql: "SELECT id, name FROM field WHERE pair = ? AND place IS NOT NULL ORDER BY place",
            arguments: [pair]
        ).map { ($0["id"], $0["name"]) }
    }

    var layouts: [PairLayout] { pairs.map { PairLayout(name: $0.name, fields: $0.fields.map(\.name)) } }

    /// `nil` where the configuration does not have it.
    func place(of pair: Int64) -> Int? { places[pair] }

    /// With the file's number for its pair.
    func stored(_ item: WorkItem) throws(LinkMisfit) -> WorkItem {
        guard case .record(let side, let pair, let key) = item else { return item }
        return .record(side, pair: Int(try id(of: pair)), key)
    }

    /// The other way; `nil` where the configuration does not have its pair.
    func item(_ stored: WorkItem) -> WorkItem? {
        guard case .record(let side, let pair, let key) = stored else { return stored }
        return place(of: Int64(pair)).map { .record(side, pair: $0, key) }
    }

    func id(of pair: Int) throws(LinkMisfit) -> Int64 {
        guard pairs.indices.contains(pair) else { throw LinkMisfit() }
        return pairs[pair].id
    }

    func id(of field: Int, in pair: Int) throws(LinkMisfit) -> Int64 {
        guard pairs.indices.contains(pair), pairs[pair].fields.indices.contains(field) else { throw LinkMisfit() }
        return pairs[pair].fields[field].id
    }
}

/// Something names a pair or a field that there is not.
struct LinkMisfit: Error, CustomStringConvertible {
    var description: String { "what is to be stored is of other pairs or fields than the file" }
}
