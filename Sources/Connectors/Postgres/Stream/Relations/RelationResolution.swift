import TandemRows

/// Decides what a relation of the stream means for a table that was copied.
///
/// A column keeps its number whatever it is called, so names follow. What the
/// log does not tell (a table rewritten for another type or a computed default)
/// asks for a copy.
struct RelationResolution {
    let relation: StreamRelation
    /// The table as it was known last.
    let known: TableSchema
    let catalog: CatalogRelation
    let types: TypeMap
    /// The relation is a partition of the table.
    let isPartition: Bool
    /// Whose change the relation came with, with its epoch.
    let transaction: UInt64
    let includes: (String) -> Bool
    /// ``StreamRequest/decimals``.
    let decimals: ColumnType
    /// The numbers of columns that are never copied, because rows had values in them before.
    let leftOut: Set<Int>
    /// What the types of the relation's columns are called, in their order, where the catalog does not say the same.
    let typeNames: () throws -> [String]

    /// A column of the relation that is copied.
    private struct Wanted {
        var place: Int
        var schema: ColumnSchema
        var decoder: TextDecoder
    }

    /// - Throws: ``NeedsCopy``; what `typeNames` throws.
    func resolve() throws -> ResolvedRelation {
        let numbers = try finding.find()
        let names = try names(numbers)
        var places: [Int: Int] = [:]
        for (place, number) in numbers.enumerated() { if let number { places[number] = place } }
        var wanted: [Wanted] = []
        for column in known.columns {
            if let place = places[column.number] {
                wanted.append(try follow(column, at: place, typeName: names[place]))
            } else if let kept = try keep(column) {
                wanted.append(kept)
            } else {
                try checkThatItIsGone(column)
            }
        }
        try checkThatNoneIsUntold(places)
        var missing: [Int: Value] = [:]
        var arrivals: [Int: UInt64] = [:]
        var leftOut: Set<Int> = []
        let copied = Set(known.columns.map(\.number))
        for (number, place) in places.sorted(by: { $0.key < $1.key }) where !copied.contains(number) {
            guard let added = try add(number, at: place, typeName: names[place]) else {
                leftOut.insert(number)
                continue
            }
            try checkThatNoneIsHidden(places)
            missing[number] = added.missing
            arrivals[number] = transaction
            wanted.append(added.column)
        }
        let schema = TableSchema(
            name: isPartition ? catalog.name : TableName(schema: relation.schema, table: relation.name),
            id: known.id,
            columns: wanted.map(\.schema),
            identity: try identity(wanted.map(\.schema))
        )
        return ResolvedRelation(
            schema: schema,
            places: wanted.map(\.place),
            decoders: wanted.map(\.decoder),
            missing: missing,
            arrivals: arrivals,
            leftOut: leftOut,
            identity: relation.identity ?? catalog.identity
        )
    }

    var finding: ColumnNumbers {
        ColumnNumbers(
            relation: relation,
            known: known,
            catalog: catalog,
            isPartition: isPartition,
            transaction: transaction
        )
    }

    /// The columns' types by name. The stream's own, which may not be the catalog's any more.
    private func names(_ numbers: [Int?]) throws -> [String] {
        var names: [String] = []
        for (column, number) in zip(relation.columns, numbers) {
            if let now = number.flatMap(catalog.column), ColumnNumbers.isSame(column, now) {
                names.append(now.typeName)
            } else if column.type == nil, let known = known.columns.first(where: { $0.number == number }) {
                // The plugin gives no type, and the catalog has the column no more: it stays what it was to the end.
                names.append(known.nativeType)
            } else if column.type == nil {
                names.append("")
            } else {
                return try typeNames()
            }
        }
        return names
    }

    private func follow(_ column: ColumnSchema, at place: Int, typeName: String) throws(NeedsCopy) -> Wanted {
        var column = column
        let sent = relation.columns[place]
        if typeName != column.nativeType {
            guard TextWidening.isHarmless(from: column.nativeType, to: typeName) else {
                throw NeedsCopy("the type of its column \"\(sent.name)\" was changed from \(column.nativeType)")
            }
        }
        let native = native(sent, number: column.number)
        guard let decoder = native.textDecoder(as: column.type) else {
            throw NeedsCopy("the type of its column \"\(sent.name)\" is not what it was")
        }
        column.name = sent.name
        column.nativeType = typeName
        return Wanted(place: place, schema: column, decoder: decoder)
    }

    /// A column that was not named, by a plugin that leaves out what has not changed: it is still there where the
    /// catalog has it.
    private func keep(_ column: ColumnSchema) throws(NeedsCopy) -> Wanted? {
        guard !relation.isComplete, let now = catalog.column(column.number) else { return nil }
        guard now.typeName == column.nativeType || TextWidening.isHarmless(from: column.nativeType, to: now.typeName),
            let decoder = types.native(now.type, modifier: now.modifier).textDecoder(as: column.type)
        else { throw NeedsCopy("the type of its column \"\(column.name)\" was changed from \(column.nativeType)") }
        return Wanted(place: -1, schema: column, decoder: decoder)
    }

    /// A column that did not come: its values would be taken for null, were it still there.
    private func checkThatItIsGone(_ column: ColumnSchema) throws(NeedsCopy) {
        guard let now = catalog.column(column.number) else { return }
        throw NeedsCopy("the log does not bring its column \"\(now.name)\"")
    }

    /// Generated columns that were added, of which the log may never say a word.
    private func checkThatNoneIsUntold(_ places: [Int: Int]) throws(NeedsCopy) {
        let last = known.columns.map(\.number).max() ?? 0
        for now in catalog.columns
        where now.isGenerated && !now.isDropped && now.number > last && places[now.number] == nil {
            guard relation.isComplete, !leftOut.contains(now.number), includes(now.name), now.maySelect else {
                continue
            }
            throw NeedsCopy("it has a generated column \"\(now.name)\", which the log does not bring")
        }
    }

    private func native(_ sent: StreamRelation.Column, number: Int) -> NativeType {
        if let type = sent.type { return types.native(type, modifier: sent.modifier) }
        let now = catalog.columns.first { $0.number == number }
        return types.native(now?.type ?? 0, modifier: now?.modifier ?? -1)
    }

    /// A column that was not copied: new, or not wanted.
    private func add(
        _ number: Int,
        at place: Int,
        typeName: String
    ) throws(NeedsCopy) -> (column: Wanted, missing: Value?)? {
        let sent = relation.columns[place]
        // What was there when the table was copied, and was left out then, stays out.
        let last = known.columns.map(\.number).max() ?? 0
        guard number > last, !leftOut.contains(number), includes(sent.name), let now = catalog.column(number),
            now.maySelect
        else { return nil }
        if now.missing == nil, now.hasDefault || now.isNotNull || now.isGenerated {
            throw NeedsCopy("its new column \"\(sent.name)\" may have values in rows that were there before")
        }
        let native = native(sent, number: number)
        let type = native.isAnyDecimal ? decimals : native.type
        guard let decoder = native.textDecoder(as: type) else { return nil }
        let schema = ColumnSchema(name: sent.name, type: type, nativeType: typeName, id: ColumnID(number))
        let wanted = Wanted(place: place, schema: schema, decoder: decoder)
        guard let text = now.missing else { return (wanted, nil) }
        // The catalog's text of a list does not tell where its values end.
        if case .list = type {
            throw NeedsCopy("its new column \"\(sent.name)\" has lists in rows that were there before")
        }
        guard let value = decoder.value(of: text) else {
            throw NeedsCopy(
                "what its new column \"\(sent.name)\" has in rows that were there before does not fit its type"
            )
        }
        return (wanted, value)
    }

    /// A column that is there and was not sent, beside one that is new: the new one may be the old one under a name
    /// that it had for a while.
    private func checkThatNoneIsHidden(_ places: [Int: Int]) throws(NeedsCopy) {
        // Numbers that come with the stream need no guessing.
        guard relation.columns.contains(where: { $0.number == nil }) else { return }
        for column in known.columns where places[column.number] == nil {
            guard let now = catalog.column(column.number), !now.isGenerated else { continue }
            throw NeedsCopy("its columns changed more than once since, and which is which cannot be told")
        }
    }
}
