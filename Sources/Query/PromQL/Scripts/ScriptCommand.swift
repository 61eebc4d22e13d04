import Model
import RE2

/// A command of a script.
enum ScriptCommand {
    /// Forgets all that was loaded.
    case clear
    /// Loads series.
    case load(ScriptLoad)
    /// Asks and compares.
    case eval(ScriptEval)
}

/// Series to load.
struct ScriptLoad {
    var step: TimeSpan
    /// Whether classic histograms are loaded as native ones too.
    var makesNative: Bool
    var series: [(line: SeriesLine, starts: [TimeSpan?])] = []
}

/// A query and what it has to yield.
struct ScriptEval {
    /// When it is evaluated.
    enum Times {
        case instant(Timestamp)
        case range(from: Timestamp, through: Timestamp, step: TimeSpan)
    }

    var line: Int
    var expression: String
    var times: Times
    /// Where an instant query yields ranges: their instants.
    var rangeTimes: (start: Timestamp, end: Timestamp, step: TimeSpan)?
    var isOrdered = false
    /// What failure is expected; an empty condition where any will do.
    var failure: ScriptCondition?
    var warnings = ScriptRemarks()
    var infos = ScriptRemarks()
    var scalar: Double?
    var string: String?
    var series: [SeriesLine] = []
}

/// What is expected of warnings or infos.
struct ScriptRemarks {
    /// Each of these has to be met by one, and each one has to meet one of these.
    var conditions: [ScriptCondition] = []
    var isNoneExpected = false
    /// Whether there has to be one, whatever it says.
    var isAnyExpected = false
}

/// A condition on a sentence.
struct ScriptCondition {
    let text: String
    private let pattern: Pattern?

    /// A sentence that has to be just this.
    init(is text: String) {
        self.text = text
        pattern = nil
    }

    /// A sentence in which this expression has to match anywhere.
    init(matches text: String) throws(ScriptFault) {
        self.text = text
        do {
            pattern = try Pattern(".*(?:\(text)).*")
        } catch {
            throw ScriptFault("\(error)")
        }
    }

    func accepts(_ sentence: String) -> Bool {
        pattern?.matches(sentence) ?? (sentence == text)
    }
}
