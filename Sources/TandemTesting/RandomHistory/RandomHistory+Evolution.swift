/// Statements that change tables.
extension RandomHistory {
    mutating func evolution() -> [String] {
        let number = text.pick(tables.count)
        switch text.pick(100) {
        case 0..<18: return addColumn(to: number)
        case 18..<28: return dropColumn(of: number)
        case 28..<38: return renameColumn(of: number)
        case 38..<46: return renameTable(number)
        case 46..<56: return widenColumn(of: number)
        case 56..<62: return recreate(number)
        case 62..<72: return changePartitions()
        default: return hiddenEvolution(of: number)
        }
    }

    private mutating func addColumn(to number: Int) -> [String] {
        let kinds = HistoryColumn.Kind.allCases
        var column = HistoryColumn(name: freshName("c"), kind: kinds[text.pick(kinds.count)])
        var statement =
            "ALTER TABLE \(tables[number].sql) ADD COLUMN \(SQLText.quoted(column.name)) \(column.kind.type)"
        // A default cannot be a query, which long values are.
        if column.kind != .long && text.chance(0.5) {
            statement += " DEFAULT \(text.value(column.kind))"
            column.isRequired = text.chance(0.5)
            if column.isRequired { statement += " NOT NULL" }
        }
        tables[number].columns.append(column)
        return [statement]
    }

    private mutating func dropColumn(of number: Int) -> [String] {
        let values = tables[number].values
        guard values.count > 1, let column = text.pick(of: values) else { return rowStatements(for: number) }
        let name = tables[number].columns.remove(at: column).name
        return ["ALTER TABLE \(tables[number].sql) DROP COLUMN \(SQLText.quoted(name))"]
    }

    private mutating func renameColumn(of number: Int) -> [String] {
        let column = text.pick(tables[number].columns.count)
        let old = SQLText.quoted(tables[number].columns[column].name)
        let new = freshName("c")
        tables[number].columns[column].name = new
        return ["ALTER TABLE \(tables[number].sql) RENAME COLUMN \(old) TO \(SQLText.quoted(new))"]
    }

    /// A name that was not there before, for which another table sometimes takes the one that is free now, or for that
    /// of another, which takes this one's. None gets a name back that it had: wal2json tells tables by nothing else.
    private mutating func renameTable(_ number: Int) -> [String] {
        let name = freshName("t")
        let first = rename(number, to: name)
        let free = tables[number].former.last ?? ""
        let others = tables.indices.filter { other in
            // A rule may name the table without identity, and names mean whoever has them.
            other != number && tables[other].identity != .nothing && !tables[other].former.contains(free)
        }
        guard tables[number].identity != .nothing, text.chance(0.4), let other = text.pick(of: others) else {
            return [first]
        }
        let second = rename(other, to: free)
        let vacant = tables[other].former.last ?? ""
        guard text.chance(0.5), !tables[number].former.contains(vacant) else { return [first, second] }
        return [first, second, rename(number, to: vacant)]
    }

    private mutating func rename(_ number: Int, to name: String) -> String {
        let old = tables[number].sql
        tables[number].former.append(tables[number].name)
        tables[number].name = name
        return "ALTER TABLE \(old) RENAME TO \(SQLText.quoted(name))"
    }

    private mutating func widenColumn(of number: Int) -> [String] {
        let columns = tables[number].columns
        let candidates = columns.indices.filter { columns[$0].role == .value && !columns[$0].kind.wider.isEmpty }
        guard let column = text.pick(of: candidates), let kind = text.pick(of: columns[column].kind.wider) else {
            return rowStatements(for: number)
        }
        tables[number].columns[column].kind = kind
        let name = SQLText.quoted(columns[column].name)
        return ["ALTER TABLE \(tables[number].sql) ALTER COLUMN \(name) TYPE \(kind.type)"]
    }

    /// The same name, but another table.
    private mutating func recreate(_ number: Int) -> [String] {
        let drop = "DROP TABLE \(tables[number].sql) CASCADE"
        if let column = text.pick(of: tables[number].values), tables[number].values.count > 1, text.chance(0.5) {
            tables[number].columns.remove(at: column)
        }
        return [drop] + tables[number].creation(referring: number == 0 ? nil : tables[0], number: nextNumber())
    }

    /// A partition comes, empty or with rows, or goes, with its rows or when they have gone.
    private mutating func changePartitions() -> [String] {
        guard let number = tables.firstIndex(where: { !$0.regions.isEmpty }) else { return [] }
        let table = tables[number]
        guard table.regions.count > 2 || table.regions.count > 1 && text.chance(0.3),
            let column = table.columns.first(where: { $0.role == .region })
        else {
            let region = "region \(nextNumber())"
            tables[number].regions.append(region)
            return text.chance(0.5) ? [table.partition(region)] : attachment(of: region, to: table)
        }
        let region = tables[number].regions.remove(at: text.pick(table.regions.count))
        let delete = "DELETE FROM \(table.sql) WHERE \(SQLText.quoted(column.name)) = '\(region)'"
        let detach = "ALTER TABLE \(table.sql) DETACH PARTITION \(table.partitionName(region))"
        let before = [[], [delete, detach], [detach]][text.pick(3)]
        return before + ["DROP TABLE \(table.partitionName(region))"]
    }

    private mutating func attachment(of region: String, to table: HistoryTable) -> [String] {
        var part = table
        part.name = table.partitionTable(region)
        part.regions = [region]
        return ["CREATE TABLE \(part.sql) (LIKE \(table.sql) INCLUDING INDEXES)"] + [insert(into: part)]
            + ["ALTER TABLE \(table.sql) ATTACH PARTITION \(part.sql) FOR VALUES IN ('\(region)')"]
    }

    /// A name that was not there before, sometimes one that must be quoted.
    private mutating func freshName(_ prefix: String) -> String {
        let number = nextNumber()
        return [
            "\(prefix)\(number)", "\(prefix.uppercased()) \(number)", "\(prefix)_ü\(number)", "\(prefix)\"\(number)",
        ][
            text.pick(4)
        ]
    }
}
