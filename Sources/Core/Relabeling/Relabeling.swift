// Relabeling: Prometheus's relabel rules, which rewrite label sets and drop those not wanted.
// In: rules, checked when they are made, and label sets. Out: label sets, or nothing.
// Start at `RelabelRule`, then `Relabeler`. Knows nothing of YAML or targets.
// Imports: Crypto, Model, RE2, Threads.

public import RE2

/// Why a rule was refused.
public enum RelabelError: Error, Equatable, CustomStringConvertible {
    /// A name that is no action.
    case unknownAction(String)
    /// `hashmod` without a modulus, or with 0.
    case modulusMissing
    /// An action that writes a label and is not told which.
    case targetMissing(RelabelRule.Action)
    /// A target label that no label set may hold.
    case badTarget(String, RelabelRule.Action)
    /// A replacement that cannot be a label's name.
    case badReplacement(String, RelabelRule.Action)
    /// A source label without a name.
    case badSource(String)
    /// A field that the action would not look at.
    case fieldNotForAction(field: String, RelabelRule.Action, allowed: String)
    /// A regular expression that RE2 refused.
    case pattern(PatternError)

    /// The field of the rule that has to be changed.
    public var field: String {
        switch self {
        case .unknownAction: "action"
        case .modulusMissing: "modulus"
        case .targetMissing, .badTarget: "target_label"
        case .badReplacement: "replacement"
        case .badSource: "source_labels"
        case .fieldNotForAction(let field, _, _): field
        case .pattern: "regex"
        }
    }

    /// A sentence: what is wrong, and what to write instead.
    public var description: String {
        switch self {
        case .unknownAction(let text):
            "there is no relabel action \"\(text)\"; use one of "
                + RelabelRule.Action.allCases.map(\.rawValue).joined(separator: ", ")
        case .modulusMissing:
            "hashmod needs a modulus over 0; set modulus to the number of shards"
        case .targetMissing(let action):
            "\(action.rawValue) needs a target_label; name the label to "
                + (action.comparesOnly ? "compare with" : "write")
        case .badTarget(let name, let action):
            "\"\(name)\" cannot be the target_label of \(action.rawValue); "
                + "use letters, digits and _, not beginning with a digit"
        case .badReplacement(let text, let action):
            "\"\(text)\" cannot be the replacement of \(action.rawValue), where it makes a label's "
                + "name; use a name such as $1 or node_$1"
        case .badSource(let name):
            "\"\(name)\" is not a label name; remove it from source_labels"
        case .fieldNotForAction(let field, let action, let allowed):
            "\(action.rawValue) does not use \(field); remove it, only \(allowed) may stand here"
        case .pattern(let error): error.description
        }
    }
}
