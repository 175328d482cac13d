import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Values that their column's type cannot hold.
@Suite(.blocking) struct UnfitTests {
    private static let table = """
        CREATE TABLE t (id int4 PRIMARY KEY, n numeric(6,2), ts timestamp, tz timestamptz, a int4[], na numeric(4,1)[], ok text);
        INSERT INTO t VALUES
          (1, 1.25, '2024-01-02 03:04:05', '2024-01-02 03:04:05+00', '{1,NULL,3}', '{1.5}', 'fits'),
          (2, 'NaN', NULL, NULL, NULL, NULL, 'nan'),
          (3, NULL, '294276-12-31 23:59:59.999999', NULL, NULL, NULL, 'far'),
          (4, NULL, NULL, '294250-01-01 00:00:00+00', NULL, NULL, 'far too'),
          (5, NULL, NULL, NULL, '{{1,2},{3,4}}', NULL, 'two dimensions'),
          (6, NULL, NULL, NULL, '[0:1]={7,8}', NULL, 'shifted'),
          (7, NULL, NULL, NULL, NULL, '{1.5,NaN}', 'within')
        """

    @Test(arguments: PostgresServer.Version.allCases)
    func becomeTextColumns(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(Self.table)
        let unfit = await #expect(throws: UnfitValues.self) { try await database.read("t", readers: 1) }
        #expect(unfit?.columns == [1, 2, 3, 4, 5])
        let read = try await database.read(
            "t",
            as: { schema in
                for column in unfit?.columns ?? [] { schema.columns[column].type = .text }
            }
        )
        let expected = """
            1|1.25|2024-01-02 03:04:05|2024-01-02 03:04:05+00|{1,NULL,3}|{1.5}|fits
            2|NaN|||||nan
            3||294276-12-31 23:59:59.999999||||far
            4|||294250-01-01 00:00:00+00|||far too
            5||||{{1,2},{3,4}}||two dimensions
            6||||[0:1]={7,8}||shifted
            7|||||{1.5,NaN}|within
            """
        #expect(read.texts.map { $0.map { $0 ?? "" }.joined(separator: "|") }.joined(separator: "\n") == expected)
        #expect(read.tally.clamped.isEmpty && read.tally.refused == 0)
    }

    @Test func areReplacedByWhatIsNearest() async throws {
        let database = try TestDatabase(.v15)
        try database.execute(Self.table)
        let read = try await database.read("t", readers: 1, unfit: .clamp)
        #expect(read.tally.clamped == [1: 1, 2: 1, 3: 1, 4: 2, 5: 1])
        #expect(read.tally.rows == 7)
        let texts = read.texts
        #expect(texts[0][4] == "{1,NULL,3}")
        #expect(texts[1][1] == nil)
        #expect(texts[2][2] == "294247-01-10 04:00:54.775806")
        #expect(texts[3][3] == "294247-01-10 04:00:54.775806+00")
        #expect(texts[4][4] == nil && texts[5][4] == nil)
        #expect(texts[6][5] == "{1.5,NULL}")
    }

    @Test func leaveTheirRowsOut() async throws {
        let database = try TestDatabase(.v16)
        try database.execute(Self.table)
        let read = try await database.read("t", readers: 1, unfit: .issue)
        #expect(read.texts.map { $0[0] } == ["1"])
        #expect(read.texts[0][6] == "fits")
        #expect(read.tally.rows == 7 && read.tally.refused == 6)
        #expect(Set(read.tally.refusals.map(\.key)) == Set((2...7).map { "id = \($0)" }))
        #expect(read.tally.refusals.allSatisfy { !$0.cause.contains("294") && !$0.cause.contains("NaN") })
    }

    @Test func infiniteNumbersAndIntervals() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            """
            CREATE TABLE t (id int4 PRIMARY KEY, u numeric, i interval);
            INSERT INTO t VALUES (1, 'Infinity', 'infinity'), (2, '-Infinity', '-infinity'), (3, 1e200, '1 day')
            """
        )
        let unfit = await #expect(throws: UnfitValues.self) { try await database.read("t", readers: 1) }
        #expect(unfit?.columns == [2])
        let clamped = try await database.read("t", readers: 1, unfit: .clamp)
        #expect(clamped.texts.map { $0[2] } == [nil, nil, "0 months 1 days 0 microseconds"])
        // A numeric without bounds is text, where all of this is exact.
        #expect(clamped.texts[0][1] == "Infinity")
        #expect(clamped.texts[2][1]?.count == 201)
    }
}

@Suite(.blocking) struct EncodingTests {
    @Test(arguments: [("LATIN1", "é ß"), ("EUC_JP", "漢字"), ("WIN1251", "Привет"), ("UTF8", "🐘")])
    func textOfEveryEncodingArrivesAsUTF8(encoding: String, text: String) async throws {
        let database = try TestDatabase(.v15, encoding: encoding)
        try database.execute(
            "CREATE TABLE t (v text, a text[], \"\(text.prefix(1))\" int4); INSERT INTO t VALUES ('\(text)', ARRAY['\(text)'])"
        )
        let read = try await database.read("t")
        #expect(read.texts == [[text, "{\(text)}", nil]])
        #expect(read.schema.columns[2].name == String(text.prefix(1)))
    }

    @Test func bytesThatAreNoTextAreWrittenOut() async throws {
        let database = try TestDatabase(.v16, encoding: "SQL_ASCII")
        try database.execute(
            """
            CREATE TABLE t (id int4 PRIMARY KEY, v text);
            INSERT INTO t VALUES (1, 'plain \\'), (2, E'caf\\303\\251'), (3, E'caf\\351 \\\\ \\303\\251')
            """
        )
        for policy in [UnfitPolicy.text, .clamp] {
            let read = try await database.read("t", readers: 1, unfit: policy)
            #expect(read.texts.map { $0[1] } == ["plain \\", "café", "caf\\351 \\\\ é"])
            #expect(read.tally.clamped == [1: 1])
        }
        let strict = try await database.read("t", readers: 1, unfit: .issue)
        #expect(strict.texts.map { $0[0] } == ["1", "2"])
        #expect(strict.tally.refusals.map(\.key) == ["id = 3"])
    }
}
