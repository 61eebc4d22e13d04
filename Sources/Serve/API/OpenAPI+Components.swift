// The schemas and the credentials that the operations refer to.
extension OpenAPI {
    static var components: YAMLText {
        .map([
            ("schemas", .map(schemas)), ("responses", .map(refusals)),
            (
                "securitySchemes",
                .map([
                    ("bearer", .map([("type", .text("http")), ("scheme", .text("bearer"))])),
                    ("basic", .map([("type", .text("http")), ("scheme", .text("basic"))])),
                    (
                        "key",
                        .map([
                            ("type", .text("apiKey")), ("in", .text("header")),
                            ("name", .text("X-API-Key")),
                        ])
                    ),
                ])
            ),
        ])
    }

    private static var schemas: [(String, YAMLText)] {
        let texts = YAMLText.map([("type", .text("array")), ("items", type("string"))])
        let labels = YAMLText.map([
            ("type", .text("object")), ("additionalProperties", type("string")),
        ])
        return [
            ("Text", type("string")),
            ("Anything", .map([])),
            (
                "Time",
                .map([
                    ("description", .text("Seconds since 1970, or RFC 3339.")),
                    (
                        "anyOf",
                        .list([
                            type("number"),
                            .map([("type", .text("string")), ("format", .text("date-time"))]),
                        ])
                    ),
                ])
            ),
            (
                "Span",
                .map([
                    ("description", .text("Seconds, or a duration such as 1h30m.")),
                    (
                        "anyOf",
                        .list([
                            .map([("type", .text("number")), ("minimum", .word("0"))]),
                            .map([
                                ("type", .text("string")),
                                ("pattern", .text("^([0-9]{1,3}[ywdhms]|[0-9]{1,6}ms)$")),
                            ]),
                        ])
                    ),
                ])
            ),
            ("Failure", failure),
            ("Texts", success(texts)),
            ("OneText", success(type("string"))),
            ("Object", success(type("object"))),
            ("List", success(.map([("type", .text("array")), ("items", type("object"))]))),
            ("LabelSets", success(.map([("type", .text("array")), ("items", labels)]))),
            ("QueryResult", success(queryResult)),
        ]
    }

    private static func type(_ name: String) -> YAMLText { .map([("type", .text(name))]) }

    private static var failure: YAMLText {
        .map([
            ("type", .text("object")), ("required", .list(["status", "errorType", "error"])),
            (
                "properties",
                .map([
                    ("status", .map([("const", .text("error"))])),
                    (
                        "errorType",
                        .map([
                            (
                                "enum",
                                .list([
                                    "bad_data", "execution", "canceled", "timeout", "internal",
                                    "not_found", "not_acceptable", "unavailable",
                                ])
                            )
                        ])
                    ), ("error", type("string")),
                ])
            ),
        ])
    }

    private static func success(_ data: YAMLText) -> YAMLText {
        let notes = YAMLText.map([("type", .text("array")), ("items", type("string"))])
        return .map([
            ("type", .text("object")), ("required", .list(["status", "data"])),
            (
                "properties",
                .map([
                    ("status", .map([("const", .text("success"))])), ("data", data),
                    ("warnings", notes), ("infos", notes),
                ])
            ),
        ])
    }

    private static var queryResult: YAMLText {
        .map([
            ("type", .text("object")), ("required", .list(["resultType", "result"])),
            (
                "properties",
                .map([
                    (
                        "resultType",
                        .map([("enum", .list(["matrix", "vector", "scalar", "string"]))])
                    ), ("result", type("array")), ("stats", type("object")),
                ])
            ),
        ])
    }
}

extension RouteNote.DataShape {
    var schemaName: String {
        switch self {
        case .object: "Object"
        case .list: "List"
        case .texts: "Texts"
        case .text: "OneText"
        case .labelSets: "LabelSets"
        case .queryResult: "QueryResult"
        }
    }
}
