/// Finds what someone may have meant.
package enum Spelling {
    /// The candidate nearest to `word`, if one is near enough to be a slip of the hand.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let folded = word.lowercased()
        let limit = max(1, min(3, word.count / 3))
        let ranked = candidates.map { ($0, distance(folded, $0.lowercased())) }.filter { $0.1 <= limit }
        return ranked.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// What follows an unknown word in a message: the one that was meant, or all there are.
    package static func hint(for word: String, among candidates: [String]) -> String {
        if let nearest = nearest(to: word, among: candidates) { return "did you mean \"\(nearest)\"?" }
        if candidates.isEmpty { return "there is none" }
        return "there \(candidates.count == 1 ? "is" : "are") " + candidates.joined(separator: ", ")
    }

    /// How many characters must be put in, left out, replaced or swapped with their neighbour.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
                row.append(best)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
