import Model
import Postgres

/// Which rule counts for which series: the first one that selects it.
enum SeriesClasses {
    /// The series of each of `selectors`, without those of the ones before.
    static func find(
        _ selectors: [Selector], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [[FoundSeries]] {
        var known: Set<Int32> = []
        var classes: [[FoundSeries]] = []
        for selector in selectors {
            let found = try SeriesFinder(matchers: selector.matchers, limit: .max)
                .find(connection).filter { known.insert($0.id).inserted }
            classes.append(found)
        }
        return classes
    }
}
