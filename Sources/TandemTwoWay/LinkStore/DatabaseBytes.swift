import Foundation
import GRDB
import TandemRows

/// A BLOB of GRDB's, as an array.
struct DatabaseBytes: DatabaseValueConvertible {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(_ value: Value) {
        var writer = ByteWriter()
        writer.add(value)
        bytes = writer.bytes
    }

    var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> Self? {
        Data.fromDatabaseValue(value).map { Self([UInt8]($0)) }
    }
}
