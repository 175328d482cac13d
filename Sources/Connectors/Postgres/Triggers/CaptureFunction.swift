import TandemRows

/// The trigger function that notes which rows of a table have changed. Pure.
///
/// It runs in the application's transaction with the rights of its owner and the application's `search_path`: every
/// name and operator in it is qualified, and keys are compared by none. It must
/// not make the statement fail.
struct CaptureFunction: Sendable {
    static let version = 3

    let table: TriggerTable
    /// Where a log that has grown larger is not to be written to any more.
    var limit: ByteSize?

    /// The statement that makes it, or makes it anew, once its log is there.
    var statement: String {
        let text = source(log: Self.place).replacing(bytes: "%", with: "%%").replacing(bytes: Self.place, with: "%1$s")
        let create = """
            CREATE OR REPLACE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
            \(SQL.dollarQuoted(text, tag: "note"))
            """
        let block = """

            BEGIN
              -- The number that the log has got is written into the function.
              EXECUTE pg_catalog.format(\(SQL.dollarQuoted(create, tag: "function")),
                pg_catalog.to_regclass('\(log)')::pg_catalog.oid);
            END
            """
        return "DO " + SQL.dollarQuoted(block, tag: "do")
    }

    /// What a function of this version consists of, where the log has the number `log`.
    func source(log number: UInt32) -> String { source(log: String(number)) }

    /// Stands in for the log's number.
    private static let place = "\u{1}"

    private var log: String { TriggerNames.log(table.relation) }
    private var name: String { TriggerNames.function(table.relation) }

    private func source(log number: String) -> String {
        """

        #variable_conflict use_column
        -- Made by tandem, version \(Self.version): notes the keys of rows of \(comment) that change.
        DECLARE
          tandem_names pg_catalog.text;
          tandem_reason pg_catalog.text;
          tandem_known pg_catalog.bool;
        BEGIN
          -- Whether everything is as it was when this was made: the log itself, and not one that was restored from a dump;
          -- the key's columns, by their present names.
          IF \(([isOurLog(number)] + areNamed + isSmall(number)).joined(separator: "\n    AND "))
          THEN
            \(indented(byLevel(row: noteRow, rows: noteRows), by: 4))
            RETURN NULL;
          END IF;
        \(indented(detour(number), by: 2, first: true))
          RETURN NULL;
        END
        """
    }

    private var comment: String {
        SQL.name(table.name).onOneLine.replacing(bytes: Self.place, with: " ")
    }

    // MARK: The conditions, which need no query

    private func isOurLog(_ number: String) -> String {
        "pg_catalog.to_regclass('\(log)')::pg_catalog.oid OPERATOR(pg_catalog.=) \(number)::pg_catalog.oid"
    }

    private var areNamed: [String] {
        table.key.enumerated().map { index, column in
            let isNamed = """
                pg_catalog.pg_get_indexdef(\(table.keyIndex), \(index + 1), false) OPERATOR(pg_catalog.=) \
                \(SQL.literal(column.quotedName))::pg_catalog.text
                """
            guard table.isIndexUnsure else { return isNamed }
            let isThere = "pg_catalog.has_table_privilege(\(table.keyIndex)::pg_catalog.oid, 'SELECT') IS NOT NULL"
            return "(CASE WHEN \(isThere) THEN \(isNamed) ELSE false END)"
        }
    }

    private func isSmall(_ number: String) -> [String] {
        guard let limit else { return [] }
        return [
            """
            pg_catalog.pg_table_size(\(number)::pg_catalog.oid::pg_catalog.regclass) OPERATOR(pg_catalog.<) \
            \(min(limit.bytes, UInt64(Int64.max)))::pg_catalog.int8
            """
        ]
    }

    // MARK: Noting

    /// What a trigger of a statement's does, and one of a row's; where those of statements see all that is not
    /// replicated, the others see what is.
    private func byLevel(row: String, rows: String) -> String {
        guard !table.isByRow else { return row }
        return """
            IF TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN
              \(indented(rows, by: 2))
            ELSE
              \(indented(row, by: 2))
            END IF;
            """
    }

    private func insert(_ rest: String) -> String {
        "INSERT INTO \(log) (xid, kind, \(table.logColumns)) " + rest
    }

    private var noteRows: String {
        let names = table.key.map { SQL.identifier($0.name) }.joined(separator: ", ")
        return """
            IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN
              \(insert(changed(names)));
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
              \(insert(keys("SELECT \(names) FROM new_rows")));
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
              \(insert(keys("SELECT \(names) FROM old_rows")));
            ELSE
              \(indented(noteTruncate, by: 2))
            END IF;
            """
    }

    /// Keys of one row of the log; the rest of a larger statement has one each, so that memory stays bounded.
    private static let length = 20_000

    private static let begin = "SELECT pg_catalog.txid_current(), 'r'::pg_catalog.\"char\", "

    private func keys(_ rows: String) -> String {
        let all = table.key.indices.map { "pg_catalog.array_agg(\(key($0)))" }.joined(separator: ", ")
        let names = table.logColumns
        return """
            \(Self.begin)k.* FROM (SELECT \(all) FROM (\(rows) LIMIT \(Self.length)) AS r (\(names))) AS k (\(names)) \
            WHERE k.k1 IS NOT NULL \
            UNION ALL \(Self.begin)\(single) FROM (\(rows) OFFSET \(Self.length)) AS r (\(names))
            """
    }

    /// Old and new keys. Comparing them would cost more than it saves.
    private func changed(_ names: String) -> String {
        keys("SELECT \(names) FROM old_rows UNION ALL SELECT \(names) FROM new_rows")
    }

    /// A column of a row `r`, as the log has it.
    private func key(_ index: Int) -> String {
        "r.\(TriggerNames.keyColumn(index))" + (table.key[index].baseType.map { "::\($0)" } ?? "")
    }

    private var single: String { table.key.indices.map { "ARRAY[\(key($0))]" }.joined(separator: ", ") }

    private var noteRow: String {
        func values(_ rows: [String]) -> String {
            let arrays = table.key.map { column in
                let cast = column.baseType.map { "::\($0)" } ?? ""
                return "ARRAY[" + rows.map { "\($0).\(SQL.identifier(column.name))\(cast)" }.joined(separator: ", ")
                    + "]"
            }
            return insert("VALUES (pg_catalog.txid_current(), 'r', \(arrays.joined(separator: ", ")));")
        }
        return """
            IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
              \(values(["NEW"]))
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
              \(values(["OLD"]))
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
              \(indented(noteTruncate, by: 2))
            ELSIF pg_catalog.record_image_eq(ROW(\(fields(of: "OLD"))), ROW(\(fields(of: "NEW")))) THEN
              \(values(["NEW"]))
            ELSE
              \(values(["OLD", "NEW"]))
            END IF;
            """
    }

    private func fields(of row: String) -> String {
        table.key.map { row + "." + SQL.identifier($0.name) }.joined(separator: ", ")
    }

    /// Of a partition that is truncated alone nobody knows which rows went. Where the whole table is, its own trigger
    /// fires first.
    private var noteTruncate: String {
        let whole = "INSERT INTO \(log) (xid, kind) VALUES (pg_catalog.txid_current(), 't');"
        guard table.isPartitioned else { return whole }
        let setting = "'tandem.truncated_\(table.relation)'"
        let transaction = "pg_catalog.txid_current()::pg_catalog.text"
        return """
            IF TG_RELID OPERATOR(pg_catalog.=) \(table.relation)::pg_catalog.oid THEN
              \(whole)
              PERFORM pg_catalog.set_config(\(setting), \(transaction), true);
            ELSIF coalesce(pg_catalog.current_setting(\(setting), true), '') OPERATOR(pg_catalog.<>) \(transaction) THEN
              tandem_reason := 'A partition was truncated.';
              \(indented(gap, by: 2))
            END IF;
            """
    }

    /// Notes that changes are missing, once in a transaction, and not if that stands there yet (``TriggerGaps``).
    ///
    /// One that sees what was there at its beginning does not look: it could not know whether another has closed the
    /// line since, and if it is serializable, what it reads of others' lines would have one of them fail.
    private var gap: String {
        let setting = "'tandem.gap_\(table.relation)'"
        let transaction = "pg_catalog.txid_current()::pg_catalog.text"
        return """
            IF coalesce(pg_catalog.current_setting(\(setting), true), '') OPERATOR(pg_catalog.<>) \(transaction) THEN
              IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.~) '^read' THEN
                tandem_known := EXISTS (
                  SELECT FROM \(TriggerNames.gaps) g
                  WHERE g.relation OPERATOR(pg_catalog.=) \(table.relation)::pg_catalog.oid AND g.is_open);
              END IF;
              IF tandem_known IS NOT TRUE THEN
                INSERT INTO \(TriggerNames.gaps) (relation, reason, xid, noted, is_open) VALUES
                  (\(table.relation)::pg_catalog.oid, tandem_reason, pg_catalog.txid_current(), pg_catalog.now(), true);
                PERFORM pg_catalog.set_config(\(setting), \(transaction), true);
              END IF;
            END IF;
            """
    }

    // MARK: Where something is not as it was

    private func detour(_ number: String) -> String {
        """
        -- Something has changed since. What cannot be noted becomes a gap, and the table is copied again; the statement
        -- goes on in any case.
        IF \(isElsewhere) THEN
          RETURN NULL;
        END IF;
        BEGIN
          IF NOT coalesce(\(isOurLog(number)), false) THEN
            tandem_reason := 'The table that changes are noted in was gone.';
          \(limitReason(number))ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
            \(indented(noteTruncate, by: 4))
            RETURN NULL;
          ELSE
            SELECT \(presentNames) INTO tandem_names
            FROM ROWS FROM (pg_catalog.unnest('{\(list(table.key.map { String($0.number) }))}'::pg_catalog.int2[]),
                pg_catalog.unnest('{\(list(table.key.map { String($0.type) }))}'::pg_catalog.oid[]))
                WITH ORDINALITY AS k (number, type, place)
              JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) \(table.relation)::pg_catalog.oid
                AND a.attnum OPERATOR(pg_catalog.=) k.number AND a.atttypid OPERATOR(pg_catalog.=) k.type
                AND NOT a.attisdropped
            HAVING pg_catalog.count(*) OPERATOR(pg_catalog.=) \(table.key.count);
            IF tandem_names IS NULL THEN
              tandem_reason := 'A column of the key was dropped, or got another type.';
            ELSE
              \(indented(byLevel(row: noteRowByNames, rows: noteRowsByNames), by: 6))
              RETURN NULL;
            END IF;
          END IF;
        EXCEPTION WHEN OTHERS THEN
          tandem_reason := pg_catalog.concat('The change could not be noted: error ', SQLSTATE, '.');
        END;
        BEGIN
          \(indented(gap, by: 2))
        EXCEPTION WHEN OTHERS THEN
          RETURN NULL;
        END;
        """
    }

    /// Whether this is another database's copy of the table.
    private var isElsewhere: String {
        guard table.isPartitioned else {
            return "TG_RELID OPERATOR(pg_catalog.<>) \(table.relation)::pg_catalog.oid"
        }
        return "pg_catalog.pg_get_indexdef(\(table.keyIndex)) IS NULL "
            + "AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) "
            + "\(table.relation)::pg_catalog.oid)"
    }

    private func limitReason(_ number: String) -> String {
        guard let limit else { return "" }
        return """
            ELSIF NOT (\(isSmall(number)[0])) THEN
                tandem_reason := 'More than \(limit) of changes had been noted and not been read (max_log).';
              
            """
    }

    private var presentNames: String {
        let prefix =
            table.isByRow
            ? "'($1).', " : "CASE WHEN TG_LEVEL OPERATOR(pg_catalog.=) 'ROW' THEN '($1).' ELSE '' END, "
        return
            "pg_catalog.string_agg(pg_catalog.concat(\(prefix)pg_catalog.quote_ident(a.attname)), ', ' ORDER BY k.place)"
    }

    private var noteRowsByNames: String {
        func execute(_ text: String) -> String {
            "EXECUTE pg_catalog.format(" + SQL.literal(insert(text)) + ", tandem_names);"
        }
        return """
            IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN
              \(execute(changed("%1$s")))
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
              \(execute(keys("SELECT %1$s FROM new_rows")))
            ELSE
              \(execute(keys("SELECT %1$s FROM old_rows")))
            END IF;
            """
    }

    private var noteRowByNames: String {
        let execute =
            "EXECUTE pg_catalog.format("
            + SQL.literal(insert("\(Self.begin)\(single) FROM (SELECT %1$s) AS r (\(table.logColumns))"))
            + ", tandem_names)"
        return """
            IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN
              \(execute) USING OLD;
            END IF;
            IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN
              \(execute) USING NEW;
            END IF;
            """
    }

    private func list(_ items: [String]) -> String { items.joined(separator: ",") }

    /// Lines within quotes stay as they are: they are names.
    private func indented(_ text: String, by spaces: Int, first: Bool = false) -> String {
        let indent = [UInt8](repeating: UInt8(ascii: " "), count: spaces)
        var bytes = first ? indent : []
        bytes.reserveCapacity(2 * text.utf8.count)
        var quote: UInt8?
        var (isComment, last) = (false, UInt8(0))
        for byte in text.utf8 {
            bytes.append(byte)
            switch byte {
            case UInt8(ascii: "\n") where quote == nil:
                isComment = false
                bytes += indent
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if isComment { break }
                if quote == nil { quote = byte } else if quote == byte { quote = nil }
            case UInt8(ascii: "-") where quote == nil && last == byte: isComment = true
            default: break
            }
            last = byte
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SQL {
    /// `text` as a constant between dollars, readable as it is.
    static func dollarQuoted(_ text: String, tag: String) -> String {
        var tag = tag
        let parts = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false).dropFirst()
            .dropLast()
        while parts.contains(where: { $0.elementsEqual(tag.utf8) }) { tag += "_" }
        return "$\(tag)$\(text)$\(tag)$"
    }
}
