import Model
import YAML

/// One flag of a command: what it takes, what it means, and whether it means anything here.
struct Flag: Sendable {
    /// What a flag takes.
    enum Kind: Sendable {
        /// Nothing; `--x` switches it on, `--no-x` off.
        case toggle
        /// Any text.
        case text
        /// A whole number.
        case number
        /// A duration such as `5m`.
        case duration
        /// A size such as `512MB`.
        case size
        /// One of these.
        case choice([String])
    }

    /// Whether the flag does something.
    enum Meaning: Sendable {
        /// It does what its help says.
        case honoured
        /// A flag of Prometheus that has nothing to act on here; the reason is said once.
        case ignored(because: String)
    }

    /// The name without its dashes.
    let name: String
    let kind: Kind
    /// What stands for the value in the help: `FILE`.
    let placeholder: String
    /// The value where the flag is not given; empty for none.
    let standard: String
    let isRepeatable: Bool
    let meaning: Meaning
    /// Shown in the short help too, which has to fit a screen.
    let isCommon: Bool
    let help: String

    init(
        _ name: String, _ kind: Kind = .text, _ placeholder: String = "", standard: String = "",
        isRepeatable: Bool = false, isCommon: Bool = false, meaning: Meaning = .honoured,
        _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.placeholder = placeholder
        self.standard = standard
        self.isRepeatable = isRepeatable
        self.isCommon = isCommon
        self.meaning = meaning
        self.help = help
    }

    /// A flag without a value: `--x` switches it on, `--no-x` off.
    static func toggle(
        _ name: String, standard: String = "", isCommon: Bool = false, _ help: String
    ) -> Flag {
        Flag(name, .toggle, "", standard: standard, isCommon: isCommon, help)
    }

    /// A flag of Prometheus that is accepted and does nothing.
    static func ignored(_ name: String, _ kind: Kind = .text, because reason: String) -> Flag {
        Flag(name, kind, meaning: .ignored(because: reason), "Accepted and ignored: \(reason).")
    }

    /// The same flag in a version that has nothing yet which it could act on.
    func notYet(_ reason: String) -> Flag {
        Flag(
            name, kind, placeholder, standard: standard, isRepeatable: isRepeatable,
            isCommon: false, meaning: .ignored(because: reason), help + " Not yet: \(reason).")
    }

    var isToggle: Bool { if case .toggle = kind { true } else { false } }

    /// What is wrong with `value`, or `nil`.
    func complaint(about value: String) -> String? {
        switch kind {
        case .toggle: return ["true", "false"].contains(value) ? nil : "expects true or false"
        case .text: return nil
        case .number:
            // Prometheus accepts 5e7 for a number of samples.
            let number = Double(value)
            return number.map { $0 >= 0 && $0 == $0.rounded() && $0 < 0x1p53 } == true
                ? nil : "expects a whole number"
        case .duration:
            do { _ = try TimeSpan(value) } catch { return "\(error)" }
            return nil
        case .size:
            do { _ = try ByteSize(value) } catch { return "\(error)" }
            return nil
        case .choice(let choices):
            guard !choices.contains(value) else { return nil }
            let hint = Nearest.name(to: value, among: choices).map { "; did you mean \($0)?" }
            return "expects one of \(choices.joined(separator: ", "))" + (hint ?? "")
        }
    }
}
