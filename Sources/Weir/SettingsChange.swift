import Configuration

/// A setting of weir.yml that a reload changes, and when that counts.
struct SettingsChange: Equatable {
    enum Effect: String {
        case now = "at once"
        case nextStart = "at the next start"
    }

    /// The setting with its values, no secret among them.
    let line: String
    let effect: Effect

    /// What leads from `old` to `new`, first what counts at once.
    static func all(from old: Settings, to new: Settings) -> [SettingsChange] {
        var live = old
        // Whoever takes another setting over while Weir runs names it here.
        live.authProfiles = new.authProfiles
        live.federation = new.federation
        live.limits.seriesBudget = new.limits.seriesBudget
        return live.changes(since: old).map { SettingsChange(line: $0, effect: .now) }
            + new.changes(since: live).map { SettingsChange(line: $0, effect: .nextStart) }
    }
}
