import Foundation
import Synchronization
import TandemApp
import TandemCore
import TandemRows

/// Prints the answer to a query while it comes.
final class AnswerPrinter: Sendable {
    enum Form { case table, csv, json }

    private let form: Form
    private let limit: Int
    private let state = Mutex(State())

    private struct State {
        var rows = 0
        var isCut = false
        /// What a table is made of, whose widths depend on every row; `nil` before the first part, without rows of
        /// other forms.
        var answer: QueryResult?
    }

    /// - Parameter limit: The most rows to print.
    init(_ form: Form, limit: Int) {
        self.form = form
        self.limit = limit
    }

    /// Prints `part`, and returns whether more is wanted.
    func take(_ part: QueryResult) -> Bool {
        state.withLock { state in
            if state.answer == nil {
                state.answer = QueryResult(columns: part.columns, types: part.types, rows: [])
                begin(part)
            }
            let rows = part.rows.prefix(limit - state.rows)
            state.isCut = rows.count < part.rows.count
            switch form {
            case .table: state.answer?.rows += rows
            case .csv: Terminal.put(rows.map(Self.csvLine).joined())
            case .json: Terminal.put(Self.json(rows, part.types.map(AnswerCell.init), isFirst: state.rows == 0))
            }
            state.rows += rows.count
            return !state.isCut && Terminal.outputFailure == nil
        }
    }

    /// Prints what comes after the last row, and what there would be to know.
    func finish() {
        state.withLock { state in
            switch form {
            case .table:
                if let answer = state.answer { Terminal.put(Self.table(of: answer).text(within: nil) + "\n") }
                Terminal.out(state.isCut ? "(the first \(Amounts.rows(state.rows)))" : "(\(Amounts.rows(state.rows)))")
            case .csv: break
            case .json: Terminal.out(state.rows == 0 ? "]\n}" : "\n  ]\n}")
            }
            guard state.isCut, Terminal.outputFailure == nil else { return }
            let more = form == .table ? "--limit N shows more of them, --csv and --json all" : "--limit ends it there"
            Terminal.error("note: there are more than \(Amounts.rows(state.rows)): \(more).")
        }
    }

    /// Ends what was printed of an answer that does not go on; as JSON it stays one document, which says why.
    func end(with error: any Error) throws {
        try state.withLock { state in
            guard form == .json, state.answer != nil else { return }
            let content = ErrorJSON(error, of: ExitStatus.kind(of: error), saying: "\(error)").error
            Terminal.out("\(state.rows == 0 ? "" : "\n  ")],\n  \"error\" : \(try ReportJSON.text(content))\n}")
        }
    }

    private func begin(_ part: QueryResult) {
        switch form {
        case .table: break
        case .csv: Terminal.put(Self.csvLine(part.columns))
        case .json:
            let (columns, types) = (Self.list(part.columns), Self.list(part.types))
            Terminal.put("{\n  \"columns\" : \(columns),\n  \"types\" : \(types),\n  \"rows\" : [")
        }
    }

    static func table(of result: QueryResult) -> TextTable {
        var table = TextTable(result.columns, result.types.map { AnswerCell(type: $0).isNumber ? .right : .left })
        for row in result.rows { table.add(row.map { $0 ?? "NULL" }) }
        return table
    }

    /// RFC 4180; a null is empty, an empty text is `""`.
    private static func csvLine(_ row: [String?]) -> String {
        func cell(_ value: String?) -> String {
            guard let value else { return "" }
            let mustQuote = value.isEmpty || value.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
            return mustQuote ? "\"" + value.replacing(bytes: "\"", with: "\"\"") + "\"" : value
        }
        return row.map(cell).joined(separator: ",") + "\r\n"
    }

    private static func json(_ rows: ArraySlice<[String?]>, _ cells: [AnswerCell], isFirst: Bool) -> String {
        guard !rows.isEmpty else { return "" }
        let lines = rows.map { row in
            "\n    [" + zip(cells, row).map { $0.json($1) }.joined(separator: ",") + "]"
        }
        return (isFirst ? "" : ",") + lines.joined(separator: ",")
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map(AnswerCell.quoted).joined(separator: ",") + "]"
    }
}
