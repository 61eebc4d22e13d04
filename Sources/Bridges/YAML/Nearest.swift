/// The name a person probably meant.
public enum Nearest {
    /// The candidate nearest to `word`, if one is near enough to be worth naming.
    public static func name(to word: String, among candidates: [String]) -> String? {
        let limit = max(1, word.utf8.count / 3)
        guard word.utf8.count <= 80 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates.sorted() {
            let distance = distance(word, candidate)
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// How many letters are added, dropped, changed or swapped with their neighbour between two.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.lowercased().utf8), Array(right.lowercased().utf8))
        var previous: [Int] = []
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var next = [i + 1]
            for (j, other) in right.enumerated() {
                var cost = min(row[j] + (letter == other ? 0 : 1), row[j + 1] + 1, next[j] + 1)
                if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other {
                    cost = min(cost, previous[j - 1] + 1)
                }
                next.append(cost)
            }
            (previous, row) = (row, next)
        }
        return row[right.count]
    }
}
