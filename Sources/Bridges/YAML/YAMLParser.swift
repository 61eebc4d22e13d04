import CYAML

/// The parser of libyaml, which no other file names.
struct YAMLParser: ~Copyable {
    /// What stands next in the file.
    enum Event {
        case scalar(YAMLScalar, anchor: String?)
        case alias(String)
        case listStart(anchor: String?)
        case mapStart(anchor: String?)
        case end
        case documentStart
        case documentEnd
        case streamEnd
    }

    /// What libyaml says of a text that is not YAML.
    struct Failure: Error {
        let text: String
        let context: String
        let mark: YAMLMark
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        parser = .allocate(capacity: 1)
        input = .allocate(capacity: max(1, bytes.count))
        _ = input.initialize(from: bytes)
        precondition(yaml_parser_initialize(parser) == 1, "BUG: no memory for a YAML parser")
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event, and where it begins.
    mutating func next() throws(Failure) -> (event: Event, mark: YAMLMark) {
        var event = yaml_event_t()
        while true {
            guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
            defer { yaml_event_delete(&event) }
            let mark = Self.mark(event.start_mark)
            switch event.type {
            case YAML_SCALAR_EVENT: return (Self.scalar(event), mark)
            case YAML_ALIAS_EVENT: return (.alias(Self.text(event.data.alias.anchor) ?? ""), mark)
            case YAML_SEQUENCE_START_EVENT:
                return (.listStart(anchor: Self.text(event.data.sequence_start.anchor)), mark)
            case YAML_MAPPING_START_EVENT:
                return (.mapStart(anchor: Self.text(event.data.mapping_start.anchor)), mark)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return (.end, mark)
            case YAML_DOCUMENT_START_EVENT: return (.documentStart, mark)
            case YAML_DOCUMENT_END_EVENT: return (.documentEnd, mark)
            case YAML_STREAM_END_EVENT: return (.streamEnd, mark)
            default: continue
            }
        }
    }

    private static func scalar(_ event: yaml_event_t) -> Event {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let tag = text(scalar.tag)
        let isPlain =
            scalar.style == YAML_PLAIN_SCALAR_STYLE && tag != "!" && tag?.hasSuffix(":str") != true
        let value = YAMLScalar(text: String(decoding: bytes, as: UTF8.self), isPlain: isPlain)
        return .scalar(value, anchor: text(scalar.anchor))
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: mark.line + 1, column: mark.column + 1)
    }

    private func failure() -> Failure {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unreadable text"
        let context = parser.pointee.context.map { String(cString: $0) } ?? ""
        return Failure(
            text: problem, context: context, mark: Self.mark(parser.pointee.problem_mark))
    }
}
