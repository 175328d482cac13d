import Testing

/// Something no text of a kind may hold.
struct Rule: Sendable, CustomTestStringConvertible {
    let name: String
    /// The files it is for, by paths from the repository's root.
    let files: @Sendable () -> [String]
    /// The numbers of the lines that break it.
    let broken: @Sendable (_ lines: [Substring]) -> [Int]
    /// A text that breaks it, so that a rule which has stopped to see anything is noticed.
    let example: String

    var testDescription: String { name }

    /// Where `text` breaks the rule.
    func violations(in text: String) -> [Int] {
        broken(text.split(separator: "\n", omittingEmptySubsequences: false))
    }

    static let all: [Rule] = [
        .init(named: "output goes through Terminal", sources, "print(\"done\")") { $0.contains(/(^|[^.\w])print\(/) },
        .init(
            named: "what a server shares neither prints, ends the process nor reads its command line",
            {
                Repository.swift.filter {
                    $0.hasPrefix("Sources/") && !$0.contains(/^Sources\/(tandem|LocalPostgres)\//)
                }
            },
            "exit(1)"
        ) { $0.contains(/(^|[^.\w])(exit|abort|fputs|puts)\(|CommandLine\.|FileHandle\.standard/) },
        .init(named: "concurrency is structured", sources, "Task { work() }") {
            $0.contains(/(^|[^.\w])Task(\.detached)?\s*(\([^)]*\))?\s*\{/)
        },
        .init(
            named: "the engine waits for what happens, and for the time in `Pause` alone",
            {
                Repository.swift.filter {
                    $0.hasPrefix("Sources/TandemEngine/") && !$0.hasSuffix("/Run/Pause.swift")
                }
            },
            "while !isDone { try await Task.sleep(for: .milliseconds(50)) }"
        ) { $0.contains(/[. ]sleep\(/) },
        .init(
            named: "what a run does has its time from its `RunClock`",
            {
                Repository.swift.filter {
                    $0.contains(/^Sources\/(TandemEngine|TandemApp|TandemState|Connectors\/Memory)\//)
                }
            },
            "let start = ContinuousClock.now"
        ) {
            $0.contains(/(Continuous|Suspending)Clock|DispatchTime|\bDate(\(\)|\.now)|[sS]inceNow|Task\.sleep/)
        },
        .init(named: "errors are not promised away", sources, "let x = try! open()") { $0.contains(/\btry!/) },
        .init(named: "open work lives in the tracker", everySwift, "// FIX" + "ME: later") {
            $0.contains(/\b(FIXM[E]|TOD[O]|XX[X])\b/)
        },
        .init(named: "a command with a name in it is quoted, by ProgramCommand", sources, #"Run `tandem run \(sync)`."#)
        {
            $0.contains(#/`tandem [^`]*\\\(/#) && !$0.contains("///")
        },
        .init(
            named: "text is replaced byte by byte: `replacing(bytes:with:)`",
            { Repository.swift.filter { $0.hasPrefix("Sources/") && !$0.hasPrefix("Sources/LocalPostgres/") } },
            #"name.replacing("\"", with: "\"\"")"#
        ) { $0.contains(/\.replacing\((?!bytes: |#\/)/) },
        .init(
            named: "retired words: CONTRIBUTING.md has those that took their places",
            { Repository.swift.filter { !$0.hasPrefix("Tests/TidyTests/") } },
            "var copy: CopiedTable"
        ) { $0.contains(retired) },
        Rule(
            name: "a line has at most 120 characters",
            files: everySwift,
            broken: { lines in
                // A string stays in one piece, so that a message can be searched for.
                var isText = false
                return lines.indices.filter { index in
                    if lines[index].contains("\"\"\"") { isText.toggle() }
                    return lines[index].count > 120 && !isText && !lines[index].contains("\"")
                }
            },
            example: String(repeating: "x", count: 121)
        ),
        Rule(
            name: "@unchecked Sendable has its reason on the line above",
            files: sources,
            broken: { lines in
                lines.indices.filter { index in
                    let above = index == 0 ? "" : lines[index - 1].drop { $0 == " " }
                    return lines[index].contains("@unchecked Sendable") && !above.hasPrefix("//")
                }
            },
            example: "\nstruct Handle: @unchecked Sendable {}"
        ),
        Rule(
            name: "a file has at most 400 lines",
            files: everySwift,
            broken: { $0.count > 401 ? [$0.count - 1] : [] },
            example: String(repeating: "\n", count: 401)
        ),
        Rule(
            name: "a page has one title",
            files: { Repository.markdown },
            broken: { lines in
                let titles = Markdown.prose(lines).filter { $0.text.hasPrefix("# ") }.map(\.line)
                return titles.isEmpty ? [0] : Array(titles.dropFirst())
            },
            example: "# One\n\n# Two"
        ),
    ]

    nonisolated(unsafe) private static let retired =
        #/
        \b(CopyDesk|BesideCopies|HeldTable|HoldOrders?|Stretch|StreamState|CopiedTable|TableLoad|TableCopy|TableLoading
        |LoadTable|TableMerge|TableMerging|PatchedRows|hasMovedPatch|RowSieve|Refusal|ChangeRefused|RefusedContent
        |Objection|StreamRefusal|LoadKeeper|LockPatience|WriterPatience|OpenPatience|WritingRest|SlotStanding
        |TriggerStanding|knowsNamesOnly|byway|NoteFunction|Catalogue|OwnColumns|ownColumns|MustCopy|ChangeSource
        |CursorSource)\b
        /#

    private static let sources: @Sendable () -> [String] = { Repository.swift.filter { $0.hasPrefix("Sources/") } }
    private static let everySwift: @Sendable () -> [String] = { Repository.swift }

    /// A rule that looks at one line at a time.
    private init(
        named name: String,
        _ files: @escaping @Sendable () -> [String],
        _ example: String,
        breaks: @escaping @Sendable (Substring) -> Bool
    ) {
        self.init(
            name: name,
            files: files,
            broken: { lines in lines.indices.filter { breaks(lines[$0]) } },
            example: example
        )
    }

    private init(
        name: String,
        files: @escaping @Sendable () -> [String],
        broken: @escaping @Sendable ([Substring]) -> [Int],
        example: String
    ) {
        self.name = name
        self.files = files
        self.broken = broken
        self.example = example
    }
}
