import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct RecordDescriptionTests {
    @Test(arguments: RecordStage.versions) func tablesAreDescribed(_ version: PostgresServer.Version) async throws {
        let stage = try await RecordStage(
            version,
            """
            CREATE TABLE companies (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);
            CREATE TABLE people (id serial PRIMARY KEY, token uuid DEFAULT gen_random_uuid(), name text NOT NULL,
              lower text GENERATED ALWAYS AS (lower(name)) STORED, note text NOT NULL DEFAULT '',
              company int REFERENCES companies, company_name text REFERENCES companies (name),
              made timestamptz DEFAULT now(), a int, b int, UNIQUE (a, b));
            CREATE UNIQUE INDEX ON people (name) WHERE a > 1;
            CREATE TABLE nokey (a int); CREATE VIEW v AS SELECT * FROM people;
            CREATE TABLE other (code text NOT NULL UNIQUE, v int);
            CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent)
            """
        )
        let types = Dictionary(uniqueKeysWithValues: try await stage.store.describe().map { ($0.name.table, $0) })
        let people = try #require(types["people"])
        #expect(people.obstacle == nil && people.key == [0] && people.unique == [[8, 9]])
        #expect(people.method == .logBased)
        #expect(people.fields.map(\.isMade) == [true, true] + Array(repeating: false, count: 8))
        #expect(people.fields.filter(\.isRequired).map(\.column.name) == ["name"])
        #expect(people.fields.filter { $0.readOnly != nil }.map(\.column.name) == ["lower"])
        #expect(
            people.fields.map(\.references) == Array(repeating: nil, count: 5) + [types["companies"]?.id] + [
                nil, nil, nil, nil,
            ]
        )
        let companies = try #require(types["companies"])
        #expect(companies.fields[0].readOnly == "it is an identity that is GENERATED ALWAYS")
        #expect(companies.unique == [[1]] && companies.fields[0].isMade)
        #expect(types["other"]?.key == [0] && types["other"]?.obstacle == nil && types["other"]?.unique == [])
        for name in ["nokey", "v", "parent", "child"] { #expect(types[name]?.obstacle != nil, "\(name)") }
        await stage.store.close()
    }

    @Test func rightsThatAreMissingAreNamed() async throws {
        let stage = try await RecordStage(
            .v16,
            """
            CREATE TABLE r (id int PRIMARY KEY, v text); CREATE TABLE w (id int PRIMARY KEY, v text, x text);
            INSERT INTO w VALUES (1, 'a', 'b')
            """
        )
        let user = "u_\(stage.database.name)"
        try stage.database.execute(
            """
            CREATE ROLE \(user) LOGIN; GRANT SELECT, TRIGGER ON r, w TO \(user); GRANT DELETE ON w TO \(user);
            GRANT INSERT (id, v), UPDATE (id, v) ON w TO \(user)
            """
        )
        var config = stage.database.config
        config.user = user
        let store = try await PostgresRecordStore.open(config, in: .test)
        let types = Dictionary(uniqueKeysWithValues: try await store.describe().map { ($0.name.table, $0) })
        #expect(
            types["r"]?.obstacle?.remedy?.sql == ["GRANT INSERT, UPDATE, DELETE ON \"public\".\"r\" TO \"\(user)\""]
        )
        #expect(types["w"]?.fields.map { $0.readOnly != nil } == [false, false, true])
        await #expect(throws: PostgresError.self) { try await store.prepare() }
        let shape = try await stage.shape("w")
        let record = try #require(try await store.read([RowKey([.number(1)])].compactMap(\.self), of: shape).first)
        let refused = try await store.write(.update(record, fields: [1: .text("c")]), of: shape)
        #expect(refused?.rejection?.kind == .permission)
        #expect(try await store.write(.update(record, fields: [0: .text("c")]), of: shape)?.record != nil)
        await store.close()
        await stage.store.close()
    }
}
