/// How names of any characters are told to those who ask for it.
public enum NameEscaping: String, Sendable, Hashable, CaseIterable {
    /// As they are, in quotes where needed.
    case allowUTF8 = "allow-utf-8"
    /// Every other character becomes `_`.
    case underscores
    /// `.` becomes `_dot_`, `_` becomes `__`, every other character becomes `__` too.
    case dots
    /// `U__` in front, `_` becomes `__`, and every other character its hexadecimal code.
    case values
}
