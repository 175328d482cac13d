/// A table of which wal2json passes changes over, because they do not say of which row they are: the table has no
/// replica identity at that moment.
struct UntoldChange: Hashable, Sendable {
    /// `nil` in format 1.
    var schema: String?
    var table: String

    init(schema: String?, table: String) {
        self.schema = schema
        self.table = table
    }

    /// From the warning that the plugin gives, which is not translated. `nil` for any other.
    init?(_ notice: String) {
        let (first, last) = ("table \"", "\" without primary key or replica identity is nothing")
        if notice.hasPrefix(first), notice.hasSuffix(last), notice.utf8.count >= first.utf8.count + last.utf8.count {
            self.init(schema: nil, table: String(notice.dropFirst(first.count).dropLast(last.count)))
            return
        }
        for change in ["UPDATE", "DELETE"] {
            let prefix = "no tuple identifier for \(change) in table \""
            guard notice.hasPrefix(prefix), notice.hasSuffix("\"") else { continue }
            let names = notice.dropFirst(prefix.count).dropLast().components(around: "\".\"")
            guard let names else { continue }
            self.init(schema: names.0, table: names.1)
            return
        }
        return nil
    }
}

extension Substring {
    /// What stands before the first `separator`, and behind it.
    fileprivate func components(around separator: String) -> (String, String)? {
        guard let range = firstRange(of: separator) else { return nil }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}
