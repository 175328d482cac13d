public import TandemRows

/// What the values of a table depend on besides its rows, at one moment: facts of the source's, each with a text that
/// changes when the fact does.
///
/// Two that were taken at different moments are compared (``departure(to:isNoted:hasParts:)``). A fact that only one of
/// them has says nothing: columns, labels and parts come and go by themselves. But a name that is gone is shown no
/// more.
public struct TableDefinition: Sendable {
    public enum Kind: Character, Sendable {
        /// A column's type and expression.
        case column = "c"
        /// The source's own record of a column, as ``CatalogRecord``.
        case record = "a"
        /// A file of the table's rows, as ``RowFile``.
        case file = "f"
        /// A label of an enumeration.
        case label = "e"
        /// What a type is made of.
        case type = "t"
        /// What a view shows.
        case view = "v"
        /// A function that values come from.
        case routine = "g"
        /// The name of something that values may show by its name. That of `0` says where such names are looked
        /// up, a letter a catalog.
        case name = "n"
        /// A setting that values are written by.
        case setting = "s"
        /// What is let through to whoever follows.
        case publication = "p"
        /// The source's own record of that, as ``CatalogRecord``.
        case publicationRecord = "q"
        /// When what a column's type is made of was changed last, counted as ``TableDefinition/moment`` is; that it was
        /// made says nothing.
        case dependency = "d"
        /// When the first row came with a column that came by a stream, counted likewise. The source does not tell it:
        /// it stands here until a look at the source knows the column.
        case arrival = "b"
    }

    /// What a fact is about: a column, or something else at the source, by what the source knows it by.
    public struct Key: Hashable, Sendable {
        public var kind: Kind
        /// Without colons and commas.
        public var subject: String

        public init(_ kind: Kind, _ subject: some CustomStringConvertible) {
            self.kind = kind
            self.subject = subject.description
        }
    }

    /// The texts are short, and without commas.
    public var facts: [Key: String]
    /// Names, for people, of what the facts are about; neither compared nor stored.
    public var names: [Key: String]
    /// When it was taken, as the source counts; not compared.
    public var moment: UInt64

    public init(_ facts: [Key: String] = [:], names: [Key: String] = [:], moment: UInt64 = 0) {
        self.facts = facts
        self.names = names
        self.moment = moment
    }

    /// Notes that the first row with `column` came at `moment`, if the source has not told of the column yet.
    ///
    /// - Returns: Whether its type shows since then what no change tells of.
    public mutating func note(arrival moment: UInt64, of column: ColumnID) -> Bool {
        guard facts[Key(.column, column)] == nil else { return isChanged(column, since: moment) }
        facts[Key(.arrival, column)] = String(moment)
        return false
    }

    /// Takes over from `earlier` the arrivals of columns that this does not know.
    public mutating func keepArrivals(of earlier: TableDefinition) {
        for (key, text) in earlier.facts where key.kind == .arrival && facts[Key(.column, key.subject)] == nil {
            facts[key] = text
        }
    }

    func isChanged(_ column: some CustomStringConvertible, since moment: UInt64) -> Bool {
        guard let text = facts[Key(.dependency, column)], let last = UInt64(text) else { return false }
        return last >= moment
    }

    /// The same without facts about columns that are not among `columns`.
    public func ofColumns(_ columns: some Collection<ColumnID>) -> TableDefinition {
        let wanted = Set(columns.map(\.description))
        var some = self
        some.facts = facts.filter { $0.key.kind != .column || wanted.contains($0.key.subject) }
        return some
    }
}

/// A line of the source's catalog: which version of it there is, and what it says besides what is compared by itself.
struct CatalogRecord: Hashable {
    var version: Substring
    /// `nil` where the line may be written anew any time and say the same.
    var content: Substring?

    init(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        version = parts.first ?? ""
        content = parts.count > 1 ? parts[1] : nil
    }

    /// Whether the line was written anew since `earlier` and says the same: something was done, and perhaps undone.
    func isUnexplained(since earlier: CatalogRecord) -> Bool {
        version != earlier.version && content != nil && content == earlier.content
    }
}

/// A file that holds rows, as the source knows it.
public typealias FileID = SourceID<TableDefinition>

/// A file that holds rows: its number, and that of an annex, which is another one only where the file was written anew
/// for the sake of its columns or of how it is kept. `0` where there is none.
struct RowFile: Hashable {
    var number: Substring
    var annex: Substring

    init(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        number = parts.first ?? ""
        annex = parts.count > 1 ? parts[1] : "0"
    }
}

extension TableDefinition: Hashable {
    public static func == (some: Self, other: Self) -> Bool { some.facts == other.facts }
    public func hash(into hasher: inout Hasher) { hasher.combine(facts) }
}

extension TableDefinition {
    /// As it is stored with a copy.
    package var text: String {
        let facts = facts.map { "\($0.key.kind.rawValue)\($0.key.subject):\($0.value)" }.sorted()
        return (["x\(moment)"] + facts).joined(separator: ",")
    }

    /// From ``text``. What another version wrote is left out.
    package init(text: String) {
        self.init()
        for part in text.split(separator: ",") {
            let sides = part.dropFirst().split(separator: ":", maxSplits: 1)
            if part.first == "x" { moment = sides.first.flatMap { UInt64($0) } ?? 0 }
            guard sides.count == 2, let kind = part.first.flatMap(Kind.init) else { continue }
            facts[Key(kind, sides[0])] = String(sides[1])
        }
    }
}
