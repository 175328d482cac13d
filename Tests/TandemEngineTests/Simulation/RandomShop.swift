import TandemCore
import TandemMemory
import TandemRows
import TandemTesting

/// What applications do to a database in memory, by a seed: rows come, change and go; tables come, go, trade names and
/// get other columns.
struct RandomShop {
    let database: MemoryDatabase
    private let keyless: Bool
    private var random: SeededGenerator
    /// How many tables and columns have been made.
    private var made = 0

    /// - Parameter keyless: Whether there are tables whose rows nothing tells apart.
    init(seed: UInt64, keyless: Bool, clock: RunClock) {
        self.keyless = keyless
        database = MemoryDatabase(name: "shop", keepsLog: true, clock: clock)
        random = SeededGenerator(seed: seed)
        for _ in 0..<2 { makeTable() }
    }

    private var names: [TableName] { database.tables.keys.sorted() }

    mutating func number(_ range: Range<Int>) -> Int { .random(in: range, using: &random) }

    /// Does one thing.
    ///
    /// - Returns: What.
    mutating func act() throws -> String {
        guard let name = names.randomElement(using: &random) else { return makeTable() }
        switch number(0..<40) {
        case 0..<2: return names.count < 5 ? makeTable() : try write()
        case 2 where names.count > 1: return drop(name)
        case 3..<5: return rename(name)
        case 5: return trade(name)
        case 6..<10: return reshape(name)
        case 10: return try replace(name)
        default: return try write()
        }
    }

    @discardableResult
    private mutating func makeTable() -> String {
        made += 1
        let name = TableName(schema: "public", table: "t\(number(0..<8))")
        guard database.tables[name] == nil else { return "nothing" }
        let key = keyless && number(0..<4) == 0 ? [] : [0]
        let schema = TableSchema(name: name, id: TableID(made), columns: [column("id"), column("v")], identity: key)
        database.put(.init(schema: schema, batches: rows(number(0..<20), of: schema)))
        return "make \(name)"
    }

    private func drop(_ name: TableName) -> String {
        database.drop(name)
        return "drop \(name)"
    }

    private mutating func rename(_ name: TableName) -> String {
        let new = TableName(schema: "public", table: "t\(number(0..<8))")
        guard database.tables[new] == nil else { return "nothing" }
        database.rename(name, to: new)
        return "rename \(name) \(new)"
    }

    private mutating func trade(_ name: TableName) -> String {
        guard let other = names.filter({ $0 != name }).randomElement(using: &random) else { return "nothing" }
        let aside = TableName(schema: "public", table: "aside")
        database.rename(name, to: aside)
        database.rename(other, to: name)
        database.rename(aside, to: other)
        return "trade \(name) \(other)"
    }

    private mutating func reshape(_ name: TableName) -> String {
        guard var columns = database.tables[name]?.schema.columns else { return "nothing" }
        let index = number(1..<max(2, columns.count))
        switch number(0..<3) {
        case 0 where columns.count > 2: columns.remove(at: index)
        case 1 where columns.count > 1: columns[index].name = column("r").name
        default: columns.append(column("c"))
        }
        database.alter(name, columns: columns)
        return "reshape \(name) \(columns.map(\.name))"
    }

    private mutating func column(_ name: String) -> ColumnSchema {
        made += 1
        let id = ColumnID(made)
        return ColumnSchema(name: name == "id" ? name : "\(name)\(made)", type: .int64, nativeType: "bigint", id: id)
    }

    private mutating func replace(_ name: TableName) throws -> String {
        guard var table = database.tables[name] else { return "nothing" }
        table.batches = rows(number(0..<20), of: table.schema)
        database.put(table)
        return "replace \(name)"
    }

    private mutating func write() throws -> String {
        var changes: [(table: TableName, change: MemoryChange)] = []
        for _ in 0..<number(1..<4) {
            guard let name = names.randomElement(using: &random), let table = database.tables[name] else { continue }
            switch number(0..<12) {
            case 0: changes.append((name, .empty))
            case 1..<4: changes.append((name, .delete(goners(of: table))))
            default: changes.append((name, .write(rows(number(1..<4), of: table.schema))))
            }
        }
        try database.commit(changes)
        return "write \(changes.map(\.table))"
    }

    /// Rows that are to go, by their keys, or whole: some of them are not there.
    private mutating func goners(of table: MemoryDatabase.Table) -> RowBatch {
        guard table.schema.identity.isEmpty else { return keys(number(1..<4)) }
        guard let batch = table.batches.randomElement(using: &random) else {
            return rows(1, of: table.schema)[0]
        }
        return batch.picking([number(0..<batch.rowCount)])
    }

    private mutating func keys(_ count: Int) -> RowBatch {
        let ids = Set((0..<count).map { _ in number(0..<30) }).sorted().map { Int64($0) }
        return RowBatch(rowCount: ids.count, columns: [Column(storage: .int64(ids))], byteCount: 0)
    }

    private mutating func rows(_ count: Int, of schema: TableSchema) -> [RowBatch] {
        guard count > 0 else { return [] }
        var batch = keys(count)
        for _ in schema.columns.dropFirst() {
            let values = (0..<batch.rowCount).map { _ in Int64(number(0..<1000)) }
            batch.columns.append(Column(storage: .int64(values)))
        }
        return [batch]
    }
}
