import TandemTesting

@testable import TandemEngine

/// The way of two tables to whose copies users add something.
enum UserPartRoute {
    static let setup = """
        CREATE TABLE t (id int PRIMARY KEY, stamp bigint, v text, gone text);
        CREATE TABLE other (id int PRIMARY KEY, stamp bigint);
        INSERT INTO t VALUES (1, 1, 'a', 'g'), (2, 1, 'b', 'g'); INSERT INTO other VALUES (1, 1)
        """

    static func make(_ way: EveryWay, from database: TestDatabase) throws -> EveryWay.Route {
        let cursor = way.reading == .cursor ? ["stamp"] : []
        let rules = try ["t", "other"].map { TableRule(try TablePattern("public.\($0)"), cursor: cursor) }
        return try EveryWay.Route(way, from: database, rules)
    }
}
