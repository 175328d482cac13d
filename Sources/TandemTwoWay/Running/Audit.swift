package import TandemCore
package import TandemRows

/// Looks for what no feed has told of: goes through all records of one side's table, and through all links.
package struct Audit: Sendable {
    package enum Question: Hashable, Sendable {
        /// As ``RecordStore/scan(_:after:limit:)``, and the links of what comes of it.
        case records(after: RowKey?)
        /// As ``LinkKeeping/page(of:after:limit:)``.
        case links(after: LinkID)
    }

    package let side: Side
    package let pair: Int
    /// `nil` once it is through.
    package private(set) var question: Question? = .records(after: nil)
    private let rules: PairRules
    private let hash: ValueHash
    private let limit: Int
    /// The links whose record on this side was seen.
    private var seen: Set<LinkID> = []

    package init(_ side: Side, pair: Int, rules: PairRules, hash: ValueHash, limit: Int = 1000) {
        self.side = side
        self.pair = pair
        self.rules = rules
        self.hash = hash
        self.limit = limit
    }

    package func items(_ records: [Record]) -> [WorkItem] { records.map { .record(side, pair: pair, $0.key) } }

    /// - Parameter links: Those of ``items(_:)``.
    /// - Returns: What is to be looked at.
    package mutating func take(_ records: [Record], _ links: [WorkItem: Link]) -> [WorkItem] {
        question = records.count < limit ? .links(after: 0) : .records(after: records.last?.key)
        return zip(items(records), records).compactMap { item, record in
            guard let link = links[item] else { return record.isInScope ? item : nil }
            seen.insert(link.id)
            return isSettled(link, record) ? nil : item
        }
    }

    /// Whether the record is as it was when the link was written last, and nothing is open.
    private func isSettled(_ link: Link, _ record: Record) -> Bool {
        guard link.intent == nil, link.keys[side.other] != nil || link.isSevered else { return false }
        return zip(record.fields, link.base[side]).allSatisfy { value, base in
            base == .none ? link.isSevered : !hash.isChanged(value, since: base)
        }
    }

    /// - Returns: Those whose record on this side was not seen.
    package mutating func take(_ links: [Link]) -> [WorkItem] {
        question = links.count < limit ? nil : links.last.map { .links(after: $0.id) }
        return links.filter { $0.keys[side] != nil && !seen.contains($0.id) }.map { .link($0.id) }
    }

    package var pageLimit: Int { limit }
}
