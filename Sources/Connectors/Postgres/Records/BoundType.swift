import TandemRows

/// How values of a column are sent: as an array of a type that is written in Postgres' binary format.
struct BoundType: Hashable {
    /// What the values are written as; ``ColumnType/text`` where the server reads their text.
    var written: ColumnType
    var encoder: CellEncoder
    /// The types of an element and of the array, by OID.
    var element: UInt32
    var array: UInt32

    static let number = BoundType(written: .int64, encoder: .int64, element: 20, array: 1016)
    /// `xid`: in 32 bits without a sign, of which a column keeps the bits.
    static let transaction = BoundType(written: .int32, encoder: .int32, element: 28, array: 1011)
    static let text = BoundType(written: .text, encoder: .bytes, element: 25, array: 1009)

    private init(written: ColumnType, encoder: CellEncoder, element: UInt32, array: UInt32) {
        (self.written, self.encoder, self.element, self.array) = (written, encoder, element, array)
    }

    init(_ type: ColumnType) {
        func made(_ encoder: CellEncoder, _ element: UInt32, _ array: UInt32) -> BoundType {
            BoundType(written: type, encoder: encoder, element: element, array: array)
        }
        self =
            switch type {
            case .bool: made(.bool, 16, 1000)
            case .int16: made(.int16, 21, 1005)
            case .int32: made(.int32, 23, 1007)
            case .int64: made(.int64, 20, 1016)
            case .float32: made(.float32, 700, 1021)
            case .float64: made(.float64, 701, 1022)
            case .decimal(let precision, let scale): made(.decimal(precision: precision, scale: scale), 1700, 1231)
            case .bytes: made(.bytes, 17, 1001)
            case .date: made(.date, 1082, 1182)
            case .time: made(.time, 1083, 1183)
            case .timeTZ: made(.timeTZ, 1266, 1270)
            case .timestamp: made(.timestamp, 1114, 1115)
            case .timestampTZ: made(.timestamp, 1184, 1185)
            case .interval: made(.interval, 1186, 1187)
            case .uuid: made(.uuid, 2950, 2951)
            case .text, .json, .list: Self.text
            }
    }
}
