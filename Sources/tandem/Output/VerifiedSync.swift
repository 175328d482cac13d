import TandemApp
import TandemCore
import TandemEngine
import TandemRows

/// What comparing a sync's two ends has come to.
struct VerifiedSync {
    let verified: VerifiedTables

    init(_ verified: VerifiedTables) { self.verified = verified }

    private var isEqual: Bool { verified.isEqual }
    private var wrong: [Verification.TableResult] { verified.wrong }

    static func show(_ result: Verification.TableResult) {
        let name = "\(result.copy.target)"
        let how = result.computation.map { " (\($0.rawValue))" } ?? ""
        switch result.verdict {
        case .equal: Terminal.out("✓ \(name): \(Amounts.rows(result.sourceRows ?? 0)), equal\(how)")
        case .incomparable(let reason): Terminal.out("✗ \(name): cannot be compared: \(reason)")
        case .stale(let reason, let remedy):
            Terminal.out("✗ \(name): stale: \(reason)")
            for line in RemedyText.lines(remedy, indent: "    ") { Terminal.out(line) }
        case .kept(let reason): Terminal.out("· \(name): not compared: \(reason)")
        case .different(let differences):
            let rows =
                "\(Amounts.rows(result.sourceRows ?? 0)) at the source, \(Amounts.rows(result.destinationRows ?? 0)) here"
            Terminal.out("✗ \(name): different: \(rows)\(how)")
            for (what, keys) in [
                ("missing here", differences.missing),
                (result.missesDeletes ? "only here, perhaps deleted at the source" : "only here", differences.extra),
                ("other content", differences.different),
            ] where !keys.isEmpty {
                Terminal.out("    \(what): " + keys.joined(separator: "; "))
            }
            if !differences.isComplete { Terminal.out("    and more") }
            if !result.copy.issues.isEmpty {
                Terminal.out("    \(Amounts.issues(result.copy.issues.count)) of it; `tandem issues` lists them")
            }
        }
        for column in result.leftOut { Terminal.out("    not compared: column \(column.name) \(column.reason)") }
    }

    func show(of sync: String, isRepaired: Bool) {
        for table in verified.absent {
            Terminal.out("✗ \(table.source): not here: \(table.reason)")
            for line in RemedyText.lines(table.remedy, indent: "    ") { Terminal.out(line) }
        }
        let compared = verified.results.count { if case .kept = $0.verdict { false } else { true } }
        let rest =
            compared < verified.results.count
            ? "; \(Amounts.tables(verified.results.count - compared)) kept as of earlier" : ""
        guard !isEqual else {
            let text = compared == 1 ? "The table is equal" : "All \(Amounts.tables(compared)) equal"
            return Terminal.out("\n\(text)\(rest).")
        }
        let count = wrong.count + verified.absent.count
        let all = Amounts.tables(compared + verified.absent.count)
        Terminal.out("\n\(Amounts.count(count)) of \(all) \(count == 1 ? "differs" : "differ")\(rest).")
        if wrong.contains(where: \.sourceHasMoved) {
            Terminal.out(
                "The source has been written to since the copy, so a difference may be a change that the next run brings."
            )
        }
        if wrong.contains(where: \.missesDeletes) {
            Terminal.out("INCREMENTAL does not see deletes; `deletes: compare` finds them where there is a key.")
        }
        // A row that is refused here would be refused again.
        let isMendable = wrong.contains { verified.repairable.contains($0.copy.target) && $0.copy.issues.isEmpty }
        guard !isRepaired, isMendable else { return }
        Terminal.out(
            "\(ProgramCommand("verify", sync, options: ["--repair": nil])) copies the tables that differ again."
        )
    }
}
