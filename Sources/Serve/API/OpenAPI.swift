import Access
public import HTTPServe

/// What is served, described in OpenAPI: made from the routes themselves.
public enum OpenAPI {
    /// A version of OpenAPI.
    public enum Version: String, Sendable {
        case v31 = "3.1.0"
        case v32 = "3.2.0"

        /// The version that a request asks for; `nil` where there is none of that name.
        init?(asked text: String) {
            switch text {
            case "", "3.1", "3.1.0": self = .v31
            case "3.2", "3.2.0": self = .v32
            default: return nil
            }
        }
    }

    /// The document in YAML; routes without a note are left out.
    public static func document(of routes: [Route], version: Version = .v31) -> String {
        var paths: [(String, YAMLText)] = []
        for route in routes {
            guard let access = route.requirement as? RouteAccess, let note = access.note else {
                continue
            }
            let operations = route.methods.map { method in
                (
                    method.rawValue.lowercased(),
                    operation(method, route.pattern, access.requirement, note)
                )
            }
            paths.append((path(of: route.pattern), .map(operations)))
        }
        return YAMLText.map([
            ("openapi", .text(version.rawValue)),
            (
                "info",
                .map([
                    ("title", .text("Weir")), ("version", .text("1")),
                    (
                        "description",
                        .text(
                            "Prometheus's HTTP API, and what Weir adds to it. "
                                + "Paths stand below --web.route-prefix.")
                    ),
                ])
            ),
            ("servers", .list([.map([("url", .text("/"))])])),
            ("paths", .map(paths)), ("components", components),
        ]).description
    }

    private static func path(of pattern: String) -> String {
        pattern.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            segment.hasPrefix(":") ? "{\(segment.dropFirst())}" : String(segment)
        }.joined(separator: "/")
    }

    // MARK: Operations

    private static func operation(
        _ method: HTTPMethod, _ pattern: String, _ requirement: Requirement, _ note: RouteNote
    ) -> YAMLText {
        let isForm = method == .post || method == .put
        func isInPath(_ parameter: RouteNote.Parameter) -> Bool {
            pattern.contains(":\(parameter.name)")
        }
        let inForm = note.parameters.filter { isForm && !$0.isOfURL && !isInPath($0) }
        let others = note.parameters.filter { one in !inForm.contains { $0.name == one.name } }
        var fields: [(String, YAMLText)] = [
            ("operationId", .text(identifier(method, pattern))), ("summary", .text(note.summary)),
        ]
        if !others.isEmpty {
            fields.append(
                ("parameters", .list(others.map { parameter($0, isInPath: isInPath($0)) })))
        }
        if !inForm.isEmpty { fields.append(("requestBody", form(of: inForm))) }
        fields.append(("responses", .map(responses(method, pattern, requirement, note))))
        fields.append(
            (
                "security",
                requirement == .nothing
                    ? .list([])
                    : .list(
                        [.map([])]
                            + ["bearer", "basic", "key"].map { .map([($0, .list([]))]) })
            ))
        return .map(fields)
    }

    /// `getLabelNameValues` for instance.
    private static func identifier(_ method: HTTPMethod, _ pattern: String) -> String {
        let words = pattern.split { !$0.isLetter && !$0.isNumber }.filter {
            $0 != "api" && $0 != "v1"
        }
        return method.rawValue.lowercased()
            + (words.isEmpty
                ? "Front" : words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined())
            + (pattern == "/metrics/v1" ? "V1" : "")
    }

    private static func parameter(_ one: RouteNote.Parameter, isInPath: Bool) -> YAMLText {
        var fields: [(String, YAMLText)] = [
            ("name", .text(one.name)), ("in", .text(isInPath ? "path" : "query")),
            ("description", .text(one.meaning)),
            ("required", .word(one.isRequired ? "true" : "false")),
        ]
        let schema = schema(of: one.kind, isEmpty: !isInPath)
        if one.isList {
            fields.append(("style", .text("form")))
            fields.append(("explode", .word("true")))
        }
        fields.append(("schema", one.isList ? list(of: schema, one) : schema))
        return .map(fields)
    }

    private static func list(of schema: YAMLText, _ one: RouteNote.Parameter) -> YAMLText {
        .map(
            [("type", .text("array")), ("items", schema)]
                + (one.isRequired ? [("minItems", .word("1"))] : []))
    }

    private static func form(of parameters: [RouteNote.Parameter]) -> YAMLText {
        let properties = parameters.map { one in
            let schema = schema(of: one.kind)
            return (one.name, one.isList ? list(of: schema, one) : schema)
        }
        let required = parameters.filter(\.isRequired).map { YAMLText.text($0.name) }
        let whole: [(String, YAMLText)] =
            [("type", .text("object")), ("properties", .map(properties))]
            + (required.isEmpty ? [] : [("required", .list(required))])
        return .map([
            ("required", .word(required.isEmpty ? "false" : "true")),
            (
                "content",
                .map([("application/x-www-form-urlencoded", .map([("schema", .map(whole))]))])
            ),
        ])
    }

    private static func schema(of kind: RouteNote.Parameter.Kind, isEmpty: Bool = true) -> YAMLText
    {
        switch kind {
        case .text where !isEmpty: .map([("type", .text("string")), ("minLength", .word("1"))])
        case .text, .expression, .selector: .map([("type", .text("string"))])
        case .choice(let choices):
            .map([("type", .text("string")), ("enum", .list(choices.map { .text($0) }))])
        case .truth:
            .map([
                ("type", .text("string")),
                ("enum", .list(GoNumber.truths.map { .text($0) })),
            ])
        case .number(let least):
            .map([
                ("type", .text("integer")), ("format", .text("int32")),
                ("minimum", .word("\(least)")),
            ])
        case .time: .map([("$ref", .text("#/components/schemas/Time"))])
        case .span: .map([("$ref", .text("#/components/schemas/Span"))])
        }
    }

    // MARK: Answers

    private static func responses(
        _ method: HTTPMethod, _ pattern: String, _ requirement: Requirement, _ note: RouteNote
    ) -> [(String, YAMLText)] {
        let isAPI = pattern.hasPrefix("/api/")
        var all: [Int: YAMLText] = [:]
        if case .nothing = note.answer {
            all[204] = response("Done.", [])
        } else {
            all[200] = response("A success.", content(of: note.answer))
        }
        if note.mayBeEmpty { all[204] = response("There is nothing to tell.", []) }
        for status in note.statuses + (isAPI ? [400, 503] : []) {
            all[status] = refusal(isAPI ? "Failure" : "Refusal", status)
        }
        if requirement != .nothing {
            for status in [401, 403, 429] { all[status] = refusal("Refusal", status) }
            all[503] = all[503] ?? refusal("Refusal", 503)
        }
        return all.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) }
    }

    private static func refusal(_ kind: String, _ status: Int) -> YAMLText {
        .map([("$ref", .text("#/components/responses/\(kind)\(status)"))])
    }

    /// What several operations answer with: in Prometheus's envelope, or in plain text.
    static var refusals: [(String, YAMLText)] {
        let failures = [400, 404, 422, 500, 503].map { status in
            // Before Weir is ready this one is plain.
            let plain: [(String, String)] = status == 503 ? [("text/plain", "Text")] : []
            return (
                "Failure\(status)",
                response(reason(status), plain + [("application/json", "Failure")])
            )
        }
        let plain = [400, 401, 403, 404, 405, 429, 500, 503].map { status in
            ("Refusal\(status)", response(reason(status), [("text/plain", "Text")]))
        }
        return failures + plain
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 400: "The request asks for something that cannot be."
        case 401: "No credential, or one that is not known."
        case 403: "The credential may not do this, or it is switched off."
        case 404: "There is no such thing."
        case 405: "Only POST and PUT."
        case 422: "The expression cannot be evaluated, or more was asked for than may be answered."
        case 429: "Too many requests."
        case 503: "Weir is starting or stopping, or it took too long."
        default: "Weir failed, or what is asked for is switched off."
        }
    }

    private static func response(
        _ description: String, _ content: [(type: String, schema: String)]
    ) -> YAMLText {
        var fields: [(String, YAMLText)] = [("description", .text(description))]
        if !content.isEmpty {
            fields.append(
                (
                    "content",
                    .map(
                        content.map { type, schema in
                            (
                                type,
                                .map([
                                    (
                                        "schema",
                                        .map([("$ref", .text("#/components/schemas/\(schema)"))])
                                    )
                                ])
                            )
                        })
                ))
        }
        return .map(fields)
    }

    private static func content(of answer: RouteNote.Answer) -> [(type: String, schema: String)] {
        switch answer {
        case .data(let shape): [("application/json", shape.schemaName)]
        case .text: [("text/plain", "Text")]
        case .metrics: [("text/plain", "Text"), ("application/openmetrics-text", "Text")]
        case .json: [("application/json", "Anything")]
        case .lines: [("application/x-ndjson", "Text")]
        case .events: [("text/event-stream", "Text")]
        case .yaml: [("application/yaml", "Anything")]
        case .nothing: []
        }
    }
}
