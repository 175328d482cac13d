public import TandemRows

extension TableDefinition {
    /// What has become of the values of rows that nobody changed.
    public enum Departure: Hashable, Sendable {
        case none
        /// They are to be read again: what follows "because".
        case changed(String)
        /// The rows of `files` were written anew, and whether for the sake of other values only the source can tell. It
        /// is likely where `isLikely`. Those of `moved` may have been emptied, of which the log may not tell.
        case unclear(files: [FileID], moved: [FileID], isLikely: Bool)
    }

    /// Why a table is to be copied again of which a part may have been emptied: what follows "because".
    public static let emptied =
        "one of its partitions was truncated or written anew, and the log does not tell of that"
    /// The same, where rows were written anew.
    public static let rewritten =
        "it was rewritten at the source, and no change tells of the values that came with that"

    /// Why a table is to be copied again with a column whose type was changed after rows came with it.
    public static func changedSince(_ column: String?) -> String {
        "the type of its new column\(column.map { " \"\($0)\"" } ?? "") was changed, and no change tells of the rows that had it before"
    }

    /// Compares this with what is so `now`.
    ///
    /// - Parameters:
    ///   - isNoted: Whether changes are noted where the table is written to by its own name, so that what was
    ///   written to it as a part of another one is missing.
    ///   - hasParts: Whether its rows lie in parts, of which the log may not tell that one was emptied.
    public func departure(to now: TableDefinition, isNoted: Bool, hasParts: Bool = false) -> Departure {
        var (files, moved): ([FileID], [FileID]) = ([], [])
        var hasMoved = false
        var records: [(before: CatalogRecord, now: CatalogRecord)] = []
        var reasons: [(kind: Kind, reason: String)] = []
        for (key, text) in facts where key.kind == .arrival && now.isChanged(key.subject, since: UInt64(text) ?? 0) {
            reasons.append((key.kind, Self.reason(.dependency, now.names[Key(.column, key.subject)])))
        }
        for (key, text) in now.facts {
            guard let known = facts[key], known != text, key != .showing else { continue }
            switch key.kind {
            case .record: records.append((CatalogRecord(known), CatalogRecord(text)))
            case .file:
                let (before, after) = (RowFile(known), RowFile(text))
                if before.annex != "0", after.annex != "0" {
                    if before.annex != after.annex { reasons.append((key.kind, Self.rewritten)) }
                } else if before.number != after.number {
                    files.append(FileID(key.subject))
                }
                guard before.number != after.number else { continue }
                hasMoved = true
                if hasParts { moved.append(FileID(key.subject)) }
            case .publicationRecord:
                if CatalogRecord(text).isUnexplained(since: CatalogRecord(known)) {
                    reasons.append((key.kind, Self.reason(.publication, nil)))
                }
            case .dependency, .arrival: continue
            case .column, .label, .type, .view, .routine, .name, .setting, .publication:
                reasons.append((key.kind, Self.reason(key.kind, now.names[key])))
            }
        }
        if hasNames(goneFrom: now) { reasons.append((.name, Self.reason(.name, nil))) }
        // What says most.
        if let first = reasons.min(by: { ($0.kind.rank, $0.reason) < ($1.kind.rank, $1.reason) }) {
            return .changed(first.reason)
        }
        let isUnexplained = records.contains { $0.now.isUnexplained(since: $0.before) }
        // Also what TRUNCATE emptied as a part of another table.
        if isUnexplained, hasMoved { return .changed(Self.rewritten) }
        if isUnexplained, isNoted {
            return .changed("it may have been a part of another table for a while, whose triggers are others")
        }
        let isLikely = records.contains { $0.now.version != $0.before.version }
        guard !files.isEmpty || !moved.isEmpty else { return .none }
        return .unclear(files: files.sorted(), moved: moved.sorted(), isLikely: isLikely)
    }

    /// Whether something is gone whose name values may show. What they show by name can have become less.
    private func hasNames(goneFrom now: TableDefinition) -> Bool {
        guard let known = facts[.showing], let present = now.facts[.showing], Set(known).isSubset(of: present) else {
            return false
        }
        return facts.keys.contains { $0.kind == .name && now.facts[$0] == nil }
    }

    private static func reason(_ kind: Kind, _ name: String?) -> String {
        let subject = name.map { " \"\($0)\"" } ?? ""
        return switch kind {
        case .column: "its column\(subject) has another type or expression now"
        case .label: "a label of its type\(subject) was renamed, and no change tells of the rows that have it"
        case .type: "its type\(subject) is made of other attributes now, and no change tells of the rows that have it"
        case .view: "what the view shows\(name.map { " of \"\($0)\"" } ?? "") has another definition now"
        case .routine: "the function\(subject), which its values come from, was replaced"
        case .name where name == nil: "something that its values may show by name was dropped"
        case .name: "\(subject.dropFirst()), which its values may show by name, was called otherwise before"
        case .setting: "the setting\(subject), which its values are written by, is another one now"
        case .publication, .publicationRecord: "its publication did not let the same through all the time"
        case .dependency, .arrival: Self.changedSince(name)
        case .record, .file: rewritten
        }
    }
}

extension TableDefinition.Key {
    /// Where names are looked up that values show.
    fileprivate static let showing = Self(.name, "0")
}

extension TableDefinition.Kind {
    /// The lower the more it says to a person.
    fileprivate var rank: Int {
        switch self {
        case .label: 0
        case .type, .dependency, .arrival: 1
        case .column: 2
        case .view: 3
        case .routine: 4
        case .name: 5
        case .setting: 6
        case .publication, .publicationRecord: 7
        case .record, .file: 8
        }
    }
}
