import Foundation
import TandemCore
import TandemTesting
import Testing

/// A command that is shown works as it stands.
@Suite(.blocking) struct ProgramCommandTests {
    @Test func aShellReadsTheWordsThatWereMeant() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let parts = [
            "a", " ", "'", "\"", "`", "$HOME", "\\", "!", "*", "é", "ö", "\n", ";", "#", "~", "-", "{a,b}", "",
        ]
        func name() -> String {
            (0..<Int.random(in: 0...5, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
        }
        var script = ""
        var expected: [[String]] = []
        for _ in 0..<300 {
            let (one, two, table) = (name(), name(), name())
            let options: KeyValuePairs<String, String?> = ["--table": table, "--repair": nil]
            script += ProgramCommand("rename", one, two, options: options).line + "\n"
            let values = table.hasPrefix("-") ? ["--table=\(table)"] : ["--table", table]
            let isOptionLike = one.hasPrefix("-") || two.hasPrefix("-")
            let rest = values + ["--repair"]
            expected.append(["rename"] + (isOptionLike ? rest + ["--", one, two] : [one, two] + rest))
        }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", "tandem() { printf '%s\\0' \"$@\"; printf '\\1\\0'; }\n" + script]
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = output.components(separatedBy: "\u{1}\0").dropLast().map { line in
            Array(line.components(separatedBy: "\0").dropLast())
        }
        #expect(lines == expected, "seed \(seed)")
    }

    @Test func plainNamesStayPlain() {
        let command = ProgramCommand("reset", "shop_copy", options: ["--table": "public.orders"])
        #expect("\(command)" == "`tandem reset shop_copy --table public.orders`")
    }
}
