extension RelabelRule {
    /// What a rule does.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// Writes the filled-in replacement to the target label where the expression matches.
        case replace
        /// Drops label sets that do not match.
        case keep
        /// Drops label sets that match.
        case drop
        /// Drops label sets whose target label differs from the source.
        case keepEqual = "keepequal"
        /// Drops label sets whose target label is the same as the source.
        case dropEqual = "dropequal"
        /// Writes the source's hash, modulo a number, to the target label.
        case hashMod = "hashmod"
        /// Copies each label whose name matches to the name that the replacement gives.
        case labelMap = "labelmap"
        /// Removes the labels whose names match.
        case labelDrop = "labeldrop"
        /// Removes the labels whose names do not match.
        case labelKeep = "labelkeep"
        /// Writes the source in lower case to the target label.
        case lowercase
        /// Writes the source in upper case to the target label.
        case uppercase

        /// The action called `name`, in any case of letters.
        public init(name: String) throws(RelabelError) {
            guard let action = Self(rawValue: name.lowercased()) else {
                throw .unknownAction(name)
            }
            self = action
        }

        var comparesOnly: Bool { self == .keepEqual || self == .dropEqual }
        var changesCase: Bool { self == .lowercase || self == .uppercase }
        var needsTarget: Bool {
            self == .replace || self == .hashMod || changesCase || comparesOnly
        }
    }
}
