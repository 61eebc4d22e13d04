import HTTPServe
import Model
import PromQL

/// What this Weir can do, by category, as `/api/v1/features` tells it.
struct FeatureHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    @Sendable func features(_ request: ServerRequest) async -> ServerResponse {
        let language = needs.engine.options.language
        let functions = Function.allCases.map { function in
            (
                function.rawValue,
                !function.signature.isExperimental || language.experimentalFunctions
            )
        }
        let operators =
            BinaryOperator.allCases.map { ($0.rawValue, true) }
            + AggregateOperator.allCases.map { operation in
                (operation.rawValue, !operation.isExperimental || language.experimentalFunctions)
            }
        let categories: [(String, [(String, Bool)])] = [
            (
                "api",
                [
                    ("admin", needs.admin.isEnabled), ("exemplars", true),
                    ("federation", true), ("label_values_match", true),
                    ("lifecycle", needs.isLifecycleEnabled), ("limit", true), ("openapi", true),
                    ("query_stats", true), ("search", true), ("time_range_labels", true),
                    ("time_range_series", true),
                ]
            ),
            ("prometheus", [("agent_mode", false), ("auto_reload_config", true)]),
            (
                "promql",
                [
                    ("at_modifier", true), ("duration_expr", language.durationExpressions),
                    (
                        "experimental_functions", language.experimentalFunctions
                    ),
                    ("negative_offset", true), ("subqueries", true),
                ]
            ),
            ("promql_functions", functions),
            ("promql_operators", operators),
            ("rules", [("alerting", false), ("recording", false)]),
        ]
        let bytes = Envelope.success { writer in
            writer.beginObject()
            for (category, features) in categories {
                writer.key(category)
                writer.beginObject()
                for (name, isOn) in features.sorted(by: { $0.0.isBytewiseLess(than: $1.0) }) {
                    writer.key(name)
                    writer.bool(isOn)
                }
                writer.endObject()
            }
            writer.endObject()
        }
        // Operators stand as they are written: no page is made of this, and no name has a backslash.
        let text = String(decoding: bytes, as: UTF8.self)
            .replacing(#"\u003c"#, with: "<").replacing(#"\u003e"#, with: ">")
        return .json(Array(text.utf8))
    }
}
