import YAML

/// What is read and checked, and what no part of this version acts on.
///
/// The part that comes to act on one of these takes it away where a field names it; the
/// documentation and the warnings at start follow.
enum NotYet {
    static let rules = YAMLSupport.checkedOnly("this version of Weir does not evaluate rules yet")
    static let alerting = YAMLSupport.checkedOnly("this version of Weir does not send alerts yet")
    static let sending = YAMLSupport.checkedOnly("this version of Weir does not send samples yet")
    static let otlp = YAMLSupport.checkedOnly("this version of Weir does not take OTLP yet")
    static let sql = YAMLSupport.checkedOnly(
        "this version of Weir makes readers in SQL alone, with weir_data.make_reader")
    static let queryLog = YAMLSupport.checkedOnly(
        "this version of Weir writes no log of queries yet")
    static let dialects = YAMLSupport.checkedOnly("this version of Weir has no dialects yet")
    static let limit = YAMLSupport.checkedOnly("the limit is fixed in this version of Weir")
}
