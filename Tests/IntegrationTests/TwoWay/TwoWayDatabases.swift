import TandemCore
import TandemPostgres
import TandemRows
import TandemTesting
import TandemTwoWay
import Testing

/// Two databases that hold the same people, each in its own way.
struct TwoWayDatabases {
    let databases: Both<TestDatabase>
    private let folder: TemporaryFolder
    /// How changes are told: ``Method/logBased`` or ``Method/triggerBased``.
    private let methods: Both<TandemCore.Method>

    init(
        _ left: PostgresServer.Version,
        _ right: PostgresServer.Version,
        methods: Both<TandemCore.Method> = Both(left: .logBased, right: .logBased)
    ) throws {
        databases = Both(left: try TestDatabase(left), right: try TestDatabase(right))
        folder = try TemporaryFolder()
        self.methods = methods
        try databases.left.execute(
            "CREATE TABLE customers (id serial PRIMARY KEY, email text UNIQUE, name text, score int, secret text)"
        )
        try databases.right.execute(
            """
            CREATE TABLE contacts (
              number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(80) UNIQUE, full_name text,
              score bigint, phone text DEFAULT 'none')
            """
        )
    }

    private static let columns = Both(left: ["email", "name", "score"], right: ["email", "full_name", "score"])

    func stores() async throws -> Both<PostgresRecordStore> {
        let left = try await store(.left)
        return Both(left: left, right: try await store(.right))
    }

    private func store(_ side: Side) async throws -> PostgresRecordStore {
        let database = databases[side]
        let settings = [
            "host": PostgresServer.host, "port": "\(database.server.port)", "user": PostgresServer.user,
            "database": database.name,
        ]
        let context = ConnectionContext(name: "\(side)", folder: "/")
        let config = PostgresConnector.configure(settings).config
        let store = try await PostgresRecordStore.open(config, in: context, by: methods[side])
        try await store.prepare()
        return store
    }

    func rules(_ stores: Both<PostgresRecordStore>) async throws -> PairRules {
        let shapes = Both(left: try await shape(.left, stores), right: try await shape(.right, stores))
        return PairRules(
            name: "people",
            shapes: shapes,
            fields: shapes.left.fields.indices.map { index in
                FieldRule(
                    name: shapes.left.fields[index].name,
                    types: shapes.map { $0.fields[index].type },
                    conflicts: .left
                )
            },
            match: [0],
            deletes: .propagate,
            firstSync: .left
        )
    }

    private func shape(_ side: Side, _ stores: Both<PostgresRecordStore>) async throws -> RecordShape {
        let table = side == .left ? "customers" : "contacts"
        let type = try #require(await stores[side].describe().first { $0.name.table == table })
        return RecordShape(
            table: type.name,
            id: type.id,
            key: type.key.map { type.fields[$0].column },
            fields: try Self.columns[side].map { name in
                try #require(type.fields.first { $0.column.name == name }).column
            }
        )
    }

    /// Runs the sync.
    @discardableResult
    func run(follows: Bool = false, audits: Bool = false) async throws -> Reconciler.Counts {
        let stores = try await stores()
        let result: Result<Reconciler.Counts, any Error>
        do {
            let rules = try await rules(stores)
            let layout = PairLayout(name: rules.name, fields: rules.fields.map(\.name))
            let links = try await LinkStore.open(at: folder.path + "/people.links", sync: "people", pairs: [layout]) {
                try await stores.left.notes(of: $0, after: $1) + stores.right.notes(of: $0, after: $1)
            }
            let run = TwoWayRun(
                of: "people",
                pairs: [rules],
                stores: stores.map { $0 },
                links: links,
                follows: follows,
                audits: audits,
                maySetUp: true
            )
            result = .success(try await run.run())
        } catch { result = .failure(error) }
        await stores.left.close()
        await stores.right.close()
        return try result.get()
    }

    /// What both hold of what is kept in step, in one order.
    func people() throws -> Both<String> {
        Both(
            left: try databases.left.execute("SELECT email, name, score FROM customers ORDER BY 1, 2, 3"),
            right: try databases.right.execute("SELECT email, full_name, score FROM contacts ORDER BY 1, 2, 3")
        )
    }

    func expectEqual(_ comment: Comment? = nil) throws {
        let people = try people()
        #expect(people.left == people.right, comment)
    }
}
