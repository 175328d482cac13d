/// Rows with aligned columns.
struct TextTable {
    enum Alignment { case left, right }

    private let header: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []
    private var hidden: Set<Int> = []

    init(_ header: [String], _ alignments: [Alignment] = []) {
        self.header = header.map { PrintableText.of($0, keepsLines: false) }
        self.alignments = header.indices.map { $0 < alignments.count ? alignments[$0] : .left }
    }

    mutating func add(_ row: [String]) { rows.append(row.map { PrintableText.of($0, keepsLines: false) }) }

    /// Leaves out a column that says nothing.
    mutating func hide(_ name: String) { hidden.formUnion(header.indices.filter { header[$0] == name }) }

    /// Prints it.
    ///
    /// - Parameter limit: As for ``text(within:)``. Otherwise as wide as the terminal, and where there is none each row
    ///   on one line.
    func show(within limit: Int? = Terminal.outputWidth) { Terminal.put(text(within: limit) + "\n") }

    /// - Parameter limit: Where that is exceeded, texts go on in lines below.
    func text(within limit: Int?) -> String {
        let shown = header.indices.filter { !hidden.contains($0) }
        let widths = widths(of: shown, within: limit)
        func lines(_ row: [String]) -> [String] {
            let cells = shown.map { CellWrap.lines(row[$0], widths[$0]) }
            return (0..<(cells.map(\.count).max() ?? 1)).map { number in
                let padded = zip(shown, cells).map { column, lines in
                    let text = number < lines.count ? lines[number] : ""
                    let space = String(repeating: " ", count: max(0, widths[column] - CellWrap.width(text)))
                    return alignments[column] == .right ? space + text : text + space
                }
                let joined = padded.joined(separator: "  ")
                return String(joined.reversed().drop { $0 == " " }.reversed())
            }
        }
        let title = lines(header).map { Terminal.paintsOutput ? Paint.bold($0) : $0 }
        let rule = shown.map { String(repeating: "─", count: widths[$0]) }.joined(separator: "  ")
        return (title + [rule] + rows.flatMap(lines)).joined(separator: "\n")
    }

    /// Narrower than this no column of text becomes.
    private static let narrowest = 12

    private func widths(of shown: [Int], within limit: Int?) -> [Int] {
        var widths = header.map(CellWrap.width)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], CellWrap.width(cell)) }
        }
        guard let limit else { return widths }
        var excess = shown.reduce(2 * (shown.count - 1) - limit) { $0 + widths[$1] }
        let texts = shown.filter { alignments[$0] == .left }
        // The widest gives way first, down to the one that is next.
        while excess > 0, let widest = texts.max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.narrowest {
            let next = texts.filter { widths[$0] < widths[widest] }.map { widths[$0] }.max() ?? 0
            let step = min(excess, max(1, widths[widest] - max(next, Self.narrowest)))
            widths[widest] -= step
            excess -= step
        }
        return widths
    }
}
