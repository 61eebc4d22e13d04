/// The types that Weir speaks, by the numbers PostgreSQL has given them for good.
enum PostgresType: UInt32 {
    case bool = 16
    case bytea = 17
    case name = 19
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case oid = 26
    case json = 114
    case float4 = 700
    case float8 = 701
    case unknown = 705
    case varchar = 1043
    case timestamptz = 1184
    case jsonb = 3802
    case int2Array = 1005
    case int4Array = 1007
    case textArray = 1009
    case int8Array = 1016
    case float8Array = 1022

    /// As SQL writes it.
    var name: String {
        switch self {
        case .int2Array: "int2[]"
        case .int4Array: "int4[]"
        case .int8Array: "int8[]"
        case .float8Array: "float8[]"
        case .textArray: "text[]"
        default: "\(self)"
        }
    }

    static let integers: Set<PostgresType> = [.int2, .int4, .int8, .oid]
    static let texts: Set<PostgresType> = [.text, .varchar, .name, .unknown, .json, .jsonb]
}

/// PostgreSQL counts from 2000, everybody else from 1970.
let microsecondsFrom1970To2000: Int64 = 946_684_800_000_000
