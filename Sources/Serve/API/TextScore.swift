import Model

/// How well a text fits what somebody typed, from 0 to 1.
struct TextSearch: Sendable {
    /// How texts are compared.
    enum Algorithm: String, Sendable, CaseIterable {
        /// What was typed has to occur letter by letter, with gaps.
        case subsequence
        /// Occurs as it was typed, or is as similar as Jaro and Winkler measure it.
        case jarowinkler
    }

    /// What was typed; any of it is enough.
    let words: [String]
    let algorithm: Algorithm
    /// The least score that is accepted.
    let threshold: Double
    let isCaseSensitive: Bool

    private let letters: [[Unicode.Scalar]]

    init(_ words: [String], _ algorithm: Algorithm, threshold: Double, isCaseSensitive: Bool) {
        self.words = words
        self.algorithm = algorithm
        self.threshold = threshold
        self.isCaseSensitive = isCaseSensitive
        letters = words.map { Array((isCaseSensitive ? $0 : $0.lowercased()).unicodeScalars) }
    }

    /// The best score of `text` over all words; `nil` where none accepts it.
    func score(of text: String) -> Double? {
        guard !words.isEmpty else { return 1 }
        let text = Array((isCaseSensitive ? text : text.lowercased()).unicodeScalars)
        return letters.compactMap { score(of: text, for: $0) }.max()
    }

    private func score(of text: [Unicode.Scalar], for word: [Unicode.Scalar]) -> Double? {
        if text.starts(with: word) { return 1 }
        switch algorithm {
        case .subsequence:
            let score = Self.subsequence(word, in: text)
            return score > 0 && score >= threshold ? score : nil
        case .jarowinkler:
            if Self.contains(text, word) { return 0.9 }
            guard threshold > 0 else { return nil }
            let score = Self.jaroWinkler(word, text)
            return score >= threshold ? score : nil
        }
    }

    private static func contains(_ text: [Unicode.Scalar], _ word: [Unicode.Scalar]) -> Bool {
        guard text.count >= word.count else { return false }
        return (0...(text.count - word.count)).contains { text[$0...].starts(with: word) }
    }

    /// How well `word` fits letter by letter; 0 where it is not in `text`.
    ///
    /// Runs of letters count by their square; what lies before and between them is taken off, and
    /// half of what lies behind them.
    static func subsequence(_ word: [Unicode.Scalar], in text: [Unicode.Scalar]) -> Double {
        guard !word.isEmpty, word.count <= text.count else { return word.isEmpty ? 1 : 0 }
        if word == text { return 1 }
        var best = -1.0
        for start in 0...(text.count - word.count) where text[start] == word[0] {
            // What does not fit from here fits from nowhere later.
            guard let score = runs(of: word, in: text, from: start) else { break }
            best = max(best, score)
        }
        return max(0, best) / Double(word.count * word.count)
    }

    private static func runs(
        of word: [Unicode.Scalar], in text: [Unicode.Scalar], from start: Int
    ) -> Double? {
        let share = 1 / Double(text.count)
        var (at, letter, end) = (start, 0, 0)
        var score = 0.0
        while letter < word.count {
            while at < text.count, text[at] != word[letter] { at += 1 }
            guard at < text.count else { return nil }
            let begin = at
            while at < text.count, letter < word.count, text[at] == word[letter] {
                at += 1
                letter += 1
            }
            let length = Double(at - begin)
            score += length * length - Double(begin - end) * share
            end = at
        }
        return score - Double(text.count - end) * share * 0.5
    }

    /// Jaro's similarity with Winkler's bonus for up to four letters that begin both.
    static func jaroWinkler(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Double {
        if left.isEmpty || right.isEmpty { return left.isEmpty && right.isEmpty ? 1 : 0 }
        let reach = max(0, max(left.count, right.count) / 2 - 1)
        var isTaken = [Bool](repeating: false, count: right.count)
        var matched: [Unicode.Scalar] = []
        for (index, letter) in left.enumerated() {
            let low = max(0, index - reach)
            let high = min(right.count - 1, index + reach)
            guard low <= high else { continue }
            for other in low...high where !isTaken[other] && right[other] == letter {
                isTaken[other] = true
                matched.append(letter)
                break
            }
        }
        guard !matched.isEmpty else { return 0 }
        let theirs = right.indices.filter { isTaken[$0] }.map { right[$0] }
        let moved = zip(matched, theirs).count { $0 != $1 } / 2
        let count = Double(matched.count)
        let jaro =
            (count / Double(left.count) + count / Double(right.count)
                + (count - Double(moved)) / count) / 3
        let prefix = zip(left, right).prefix(4).prefix { $0 == $1 }.count
        return jaro + Double(prefix) * 0.1 * (1 - jaro)
    }
}
