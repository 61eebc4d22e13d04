import Access
import HTTPServe

// Names and values while somebody types.
extension Routes {
    static func searches(_ needs: Dependencies) -> [Route] {
        let search = SearchHandlers(needs)
        func note(_ summary: String, _ more: [RouteNote.Parameter] = []) -> RouteNote {
            RouteNote(summary, more + parameters, answer: .lines, statuses: [422])
        }
        return [
            api(
                [.get, .post], "/search/metric_names", needs,
                note(
                    "Names of metrics that fit what was typed.",
                    [truth("include_metadata", "With type, help and unit.")]), search.metricNames),
            api(
                [.get, .post], "/search/label_names", needs,
                note("Names of labels that fit what was typed."), search.labelNames),
            api(
                [.get, .post], "/search/label_values", needs,
                note(
                    "Values of a label that fit what was typed.",
                    [.text("label", "The label.").required]), search.labelValues),
        ]
    }

    private static func truth(_ name: String, _ meaning: String) -> RouteNote.Parameter {
        .init(name: name, kind: .truth, meaning: meaning)
    }

    private static var parameters: [RouteNote.Parameter] {
        [
            .matches,
            .init(
                name: "search[]", kind: .text, meaning: "What was typed; any of it is enough.",
                isList: true),
            .init(
                name: "fuzz_threshold", kind: .number(from: 0),
                meaning: "The least score in hundredths, at most 100; 0 by default."),
            .init(
                name: "fuzz_alg", kind: .choice(TextSearch.Algorithm.allCases.map(\.rawValue)),
                meaning: "How texts are compared."),
            truth("case_sensitive", "Whether case counts; it does by default."),
            .init(
                name: "sort_by", kind: .choice(["alpha", "score"]),
                meaning: "By the bytes of the texts, or best first."),
            .init(
                name: "sort_dir", kind: .choice(["asc", "dsc"]),
                meaning: "The direction, for `alpha`."),
            truth("include_score", "With each score."), .start, .end, .limit,
            .init(
                name: "batch_size", kind: .number(from: 0),
                meaning: "How many results stand in a line; 100 by default."),
        ]
    }
}
