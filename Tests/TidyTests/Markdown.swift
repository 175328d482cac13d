import Foundation

/// What the checks need to know of a page.
enum Markdown {
    /// The lines outside fenced code.
    static func prose(_ lines: [Substring]) -> [(line: Int, text: Substring)] {
        var isCode = false
        return lines.enumerated().compactMap { line, text in
            if text.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
                return nil
            }
            return isCode ? nil : (line, text)
        }
    }

    /// Links to files and headings of the repository.
    static func links(in text: String) -> [(path: String, heading: String?)] {
        prose(text.split(separator: "\n", omittingEmptySubsequences: false)).flatMap { _, line in
            line.matches(of: /\]\(([^)\s]+)\)/).compactMap { match in
                let link = match.1
                guard !link.contains("://"), !link.hasPrefix("mailto:") else { return nil }
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
            }
        }
    }

    /// The names by which links reach the headings of `text`.
    static func anchors(in text: String) -> Set<String> {
        let headings = prose(text.split(separator: "\n", omittingEmptySubsequences: false)).filter {
            $0.text.hasPrefix("#")
        }
        return Set(
            headings.map { _, heading in
                let words = heading.drop { $0 == "#" || $0 == " " }.lowercased()
                return words.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.replacing(" ", with: "-")
            }
        )
    }

    /// The links of the page `path` with the text `text` that lead nowhere.
    static func broken(in text: String, of path: String) throws -> [String] {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        return try links(in: text).filter { link in
            let target = URL(filePath: "/\(folder)/\(link.path)").standardizedFileURL.path
            guard link.path.isEmpty || Repository.exists(target) else { return true }
            guard let heading = link.heading else { return false }
            return try !anchors(in: link.path.isEmpty ? text : Repository.text(target)).contains(heading)
        }.map { $0.path + ($0.heading.map { "#" + $0 } ?? "") }
    }
}
