import TandemTesting
import Testing

/// A world in which one thing is wrong, beside two tables that are well: `public.good_a` and `public.good_b`.
///
/// Whatever it is, it is told by name with its reason, by an exit status of 1, and both good tables arrive. To add one
/// is a line in ``all``; its own things are called `bad`, `fail`, `switch` and `mine`, and get a number, so that many
/// worlds can be tried at once.
struct BadWorld: Sendable, CustomTestStringConvertible {
    /// What is wrong, in some words.
    var name: String
    /// What there is from the start, at the source, as its administrator.
    var setup = ""
    /// What goes wrong, there or at a destination that is a Postgres, after a good first run; `nil` for what is wrong
    /// from the start, so that there is none.
    var fault: String?
    var isAtDestination = false
    /// A session that stays open while the world is bad, such as one that holds a lock.
    var holding: String?
    /// Who it is about.
    var bad = "public.bad"
    /// A part of the reason that is told.
    var reason: String
    /// Why `plan` cannot tell beforehand, where it cannot. `check` may, because it tries views.
    var unforeseen: String?
    /// Whether a remedy is told.
    var hasRemedy = true
    var methods = ["FULL_TABLE", "LOG_BASED", "TRIGGER_BASED", "INCREMENTAL"]
    /// What the sync's tables say of it, beside that all are chosen.
    var entry: String?
    /// Whether the reader is a role of its own that owns nothing.
    var hasReader = false
    /// Whether `run --follow` is to be tried too: it looks for what has changed at its source every half minute.
    var follows = false

    var testDescription: String { name }

    /// Postgres' ways to say what passes for the end of a connection, a lock, or a full disk.
    private static let codes = [
        "08006", "08P01", "57P01", "57P03", "53300", "28P01", "3D000", "40001", "40P01", "55P03", "53100", "57014",
        "XX000",
    ]

    /// Of a reader that may put no triggers on tables.
    private static let readersMethods = ["FULL_TABLE", "LOG_BASED", "INCREMENTAL"]

    private static let table = """
        CREATE TABLE bad (id int PRIMARY KEY, note text, extra text); INSERT INTO bad VALUES (1, 'x', 'y');
        """

    static let all = (views + changes).enumerated().map { $1.numbered($0 + 1) }

    /// The same with names of its own.
    private func numbered(_ number: Int) -> BadWorld {
        func own(_ text: String) -> String {
            text.replacing(#/\b(bad|BAD|fail|switch|mine)(_pkey)?\b/#.wordBoundaryKind(.simple)) {
                "\($0.1)_\(number)\($0.2 ?? "")"
            }
        }
        var world = self
        world.setup = own(setup)
        world.fault = fault.map(own)
        world.holding = holding.map(own)
        world.bad = own(bad)
        world.reason = own(reason)
        world.entry = entry.map(own)
        return world
    }

    private static let views: [BadWorld] =
        codes.map { code in
            BadWorld(
                name: "a view whose function raises \(code)",
                setup: """
                    CREATE FUNCTION public.fail(i int) RETURNS int LANGUAGE plpgsql AS $$
                    BEGIN RAISE EXCEPTION 'no such luck' USING ERRCODE = '\(code)'; END $$;
                    CREATE VIEW bad AS SELECT id, public.fail(id) AS n FROM good_a
                    """,
                reason: "a function or trigger of the application raised an error",
                unforeseen: "what a function does shows in no catalog",
                hasRemedy: false,
                methods: ["FULL_TABLE", "INCREMENTAL"]
            )
        } + [
            BadWorld(
                name: "a view that divides by zero in the middle of its rows",
                setup: "CREATE VIEW bad AS SELECT g AS id, 1 / (g - 9000) AS n FROM generate_series(1, 10000) g",
                reason: "division by zero",
                unforeseen: "only who reads all rows comes to that one",
                hasRemedy: false,
                methods: ["FULL_TABLE", "INCREMENTAL"]
            )
        ]

    private static let changes = [
        BadWorld(
            name: "a column that is named is dropped",
            setup: table,
            fault: "ALTER TABLE bad DROP extra",
            reason: "has no column extra",
            hasRemedy: false,
            entry: "{name: bad, columns: [id, note, extra]}",
            follows: true
        ),
        BadWorld(
            name: "a table that is named and has been copied loses SELECT",
            setup: table,
            fault: "REVOKE SELECT ON bad FROM READER",
            reason: "may not SELECT",
            methods: readersMethods,
            entry: "bad",
            hasReader: true,
            follows: true
        ),
        BadWorld(
            name: "a table of a pattern that has been copied loses SELECT",
            setup: table,
            fault: "REVOKE SELECT ON bad FROM READER",
            reason: "may not SELECT",
            methods: readersMethods,
            hasReader: true
        ),
        BadWorld(
            name: "a column that is named loses SELECT",
            setup: table,
            fault: "REVOKE SELECT ON bad FROM READER; GRANT SELECT (id, note) ON bad TO READER",
            reason: "Column extra of bad cannot be read",
            methods: readersMethods,
            entry: "{name: bad, columns: [id, extra]}",
            hasReader: true
        ),
        BadWorld(
            name: "the column of a cursor is dropped",
            setup: table,
            fault: "ALTER TABLE bad DROP extra",
            reason: "It has no column extra, which its cursor names",
            hasRemedy: false,
            methods: ["FULL_TABLE"],
            entry: "{name: bad, method: INCREMENTAL, cursor: extra}"
        ),
        BadWorld(
            name: "a view with a cursor begins to fail",
            setup: """
                CREATE TABLE switch (is_bad bool); INSERT INTO switch VALUES (false);
                CREATE FUNCTION public.fail(i int) RETURNS int LANGUAGE plpgsql AS $$
                BEGIN IF (SELECT is_bad FROM public.switch) THEN RAISE EXCEPTION 'no such luck' USING ERRCODE = '08006';
                END IF; RETURN i; END $$;
                CREATE VIEW bad AS SELECT id, public.fail(id) AS n FROM good_a
                """,
            fault: "UPDATE switch SET is_bad = true",
            reason: "a function or trigger of the application raised an error",
            unforeseen: "what a function does shows in no catalog",
            hasRemedy: false,
            methods: ["FULL_TABLE"],
            entry: "{name: bad, method: INCREMENTAL, cursor: n}"
        ),
        BadWorld(
            name: "a table is locked",
            setup: table,
            fault: "INSERT INTO bad VALUES (2, 'x', 'y')",
            holding: "LOCK TABLE bad",
            reason: "lock",
            unforeseen: "by the time of the run the lock may be gone",
            methods: ["FULL_TABLE", "INCREMENTAL", "TRIGGER_BASED"]
        ),
        BadWorld(
            name: "a table with a policy is locked",
            setup: """
                \(table) ALTER TABLE bad ENABLE ROW LEVEL SECURITY;
                CREATE POLICY everything ON bad FOR SELECT USING (true)
                """,
            fault: "INSERT INTO bad VALUES (2, 'x', 'y')",
            holding: "LOCK TABLE bad",
            reason: "lock",
            unforeseen: "by the time of the run the lock may be gone",
            methods: ["FULL_TABLE", "INCREMENTAL"],
            hasReader: true
        ),
        BadWorld(
            name: "a table is new, and others must publish it",
            setup: "",
            fault: "\(table) GRANT SELECT ON bad TO READER",
            reason: "publication",
            methods: ["LOG_BASED"],
            hasReader: true,
            follows: true
        ),
        BadWorld(
            name: "a table that is new would go to where another one is",
            setup: table,
            fault: "CREATE TABLE \"BAD\" (id int PRIMARY KEY)",
            bad: "public.BAD",
            reason: "would both become"
        ),
        BadWorld(
            name: "the copy is held by a check of its user's",
            setup: table,
            fault: """
                CREATE VIEW public.mine AS SELECT * FROM public.bad;
                ALTER TABLE public.bad ADD CHECK (id < 2) NOT VALID; ALTER TABLE public.bad DROP CONSTRAINT bad_pkey
                """,
            isAtDestination: true,
            reason: "bad",
            unforeseen: "which rows a check refuses shows when they are written",
            methods: ["FULL_TABLE"]
        ),
    ]
}
