/// A cell's text in lines that are no wider than its column.
enum CellWrap {
    static func lines(_ text: String, _ width: Int) -> [String] {
        guard self.width(text) > width else { return [text] }
        var lines: [String] = []
        var line = ""
        func end() {
            lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
            line = ""
        }
        for piece in pieces(of: text) {
            // The space behind a word may stand out.
            let word = piece.last == " " ? piece.dropLast() : piece
            if !line.isEmpty, self.width(line) + self.width(String(word)) > width { end() }
            for character in piece {
                if character != " ", self.width(line) + self.width(String(character)) > width { end() }
                line.append(character)
            }
        }
        end()
        return lines
    }

    /// Where a line may end: behind spaces, and inside names behind what divides them.
    private static func pieces(of text: String) -> [Substring] {
        var pieces: [Substring] = []
        var start = text.startIndex
        for index in text.indices where " ._,/|-".contains(text[index]) {
            let end = text.index(after: index)
            pieces.append(text[start..<end])
            start = end
        }
        if start < text.endIndex { pieces.append(text[start...]) }
        return pieces
    }

    /// Places in a terminal: East Asian wide characters and emoji take two.
    static func width(_ text: String) -> Int {
        text.reduce(0) { width, character in
            guard let scalar = character.unicodeScalars.first else { return width }
            let isWide =
                switch scalar.value {
                case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
                    0xFF00...0xFF60,
                    0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
                    true
                default: false
                }
            return width + (isWide ? 2 : 1)
        }
    }
}
