import Model

/// Where the series of a clock stand in its rows, and what its writer calls them.
struct Layout {
    /// What the writer's number means.
    private struct Member {
        var series: UInt32
        var place: Place

        static let none = Member(series: .max, place: .beside)
    }

    private static let nobody = UInt32.max

    /// By the writer's number.
    private var members: [Member] = []
    /// By place: the series that stands there, or `nobody`.
    private(set) var owners: [UInt32] = []
    /// By place: how many of the writer's numbers mean it.
    private var holders: [UInt16] = []
    /// By tile: how many places are held.
    private var live: [Int] = []
    /// Places that are held no more, and the last tick at which they may have said something.
    private var resting: [Place: Int] = [:]
    /// The same in the order in which they came to rest.
    private var restingOrder: [(place: Place, tick: Int)] = []
    /// By tile: positions that nobody owns any more.
    private var free: [[UInt8]] = []
    /// The tile that new series go to until it is full.
    private var filling = -1
    /// Series of the writer that stand in no row, and how many numbers mean them.
    private var beside: [UInt32: Int] = [:]
    /// Series that the writer has no more, of those that stood in no row.
    var silent: [UInt32] = []

    /// How a row looks now.
    private(set) var rows = RowLayout([])
    private var rowsAreCurrent = true
    /// Where in the row each sample of a batch goes.
    private var targets: [Int32] = []
    private var targetsAreCurrent = false

    /// What the log has not heard yet.
    var introduced: [IntroducedSeries] = []
    var placed: [Placement] = []
    var isOpen = false
    var interval: TimeSpan?

    /// What the writer's `number` means, or `nil` where that is nothing.
    func series(_ number: UInt32) -> SeriesID? {
        guard number < members.count, members[Int(number)].series != Self.nobody else {
            return nil
        }
        return SeriesID(number: members[Int(number)].series)
    }

    /// Whether no series stands anywhere.
    var isEmpty: Bool { beside.isEmpty && owners.allSatisfy { $0 == Self.nobody } }

    /// Whether `series` is the writer's and stands in no row.
    func isBeside(_ series: UInt32) -> Bool { beside[series] != nil }

    /// Forgets all of the writer's numbers; `last` is the newest tick.
    mutating func close(last: Int) {
        for number in members.indices { retire(UInt32(number), last: last) }
        members.removeAll()
        targetsAreCurrent = false
        isOpen = false
    }
}

// MARK: Numbers come and go

extension Layout {
    /// The writer calls the series of `new` by these numbers from now on; `besideRows` says which of
    /// them get no place.
    mutating func register(
        _ new: [NewSeries], clock: UInt32, table: inout SeriesTable, last: Int,
        besideRows: (UInt32) -> Bool
    ) {
        targetsAreCurrent = false
        for entry in new {
            let (series, _) = table.add(entry.labels)
            let number = Int(entry.number)
            while members.count <= number { members.append(.none) }
            if members[number].series == series.number { continue }
            retire(entry.number, last: last)
            introduced.append(IntroducedSeries(series: series, labels: entry.labels))
            let place: Place
            if besideRows(entry.number) {
                place = .beside
                beside[series.number, default: 0] += 1
                table.addHome(.init(clock: clock, place: Place.beside.number), to: series.number)
            } else {
                place = take(series.number, clock: clock, table: &table)
            }
            members[number] = Member(series: series.number, place: place)
        }
    }

    /// Gives a series that had none a place, because it has a sample at a tick after all.
    mutating func settle(_ number: UInt32, clock: UInt32, table: inout SeriesTable) {
        let series = members[Int(number)].series
        guard series != Self.nobody, members[Int(number)].place == .beside else { return }
        leaveBeside(series)
        members[Int(number)].place = take(series, clock: clock, table: &table)
        targetsAreCurrent = false
    }

    private mutating func leaveBeside(_ series: UInt32) {
        guard let count = beside[series] else { return }
        beside[series] = count > 1 ? count - 1 : nil
        if count == 1 { silent.append(series) }
    }

    private mutating func take(_ series: UInt32, clock: UInt32, table: inout SeriesTable) -> Place {
        let place = known(series, clock: clock, table: table) ?? fresh(series)
        if holders[Int(place.number)] == 0 {
            live[place.tile] += 1
            if live[place.tile] == 1 { rowsAreCurrent = false }
            resting[place] = nil
        }
        holders[Int(place.number)] += 1
        table.addHome(.init(clock: clock, place: place.number), to: series)
        return place
    }

    /// Where the series stands already, or stood last.
    private func known(
        _ series: UInt32, clock: UInt32, table: borrowing SeriesTable
    ) -> Place? {
        var last: (place: Place, tick: Int)?
        for home in table.homes(of: series)
        where home.clock == clock && home.place != Place.beside.number {
            let place = Place(number: home.place)
            guard let tick = resting[place] else { return place }
            if last.map({ tick > $0.tick }) ?? true { last = (place, tick) }
        }
        return last?.place
    }

    private mutating func fresh(_ series: UInt32) -> Place {
        let place = vacancy() ?? append()
        owners[Int(place.number)] = series
        placed.append(
            Placement(
                series: SeriesID(number: series), tile: UInt32(place.tile),
                position: UInt8(place.position)))
        return place
    }

    /// A place that is free: in the tile that is being filled, in one that is well filled anyway, or
    /// in one that is empty, which is filled from then on.
    ///
    /// Never in a thin one: that is on its way out.
    private mutating func vacancy() -> Place? {
        guard filling >= 0 else { return nil }
        let hasRoomBehind = filling == live.count - 1 && owners.count % Tick.tileWidth != 0
        if free[filling].isEmpty && !hasRoomBehind {
            let dense = live.indices.first { live[$0] >= Tick.tileWidth / 2 && !free[$0].isEmpty }
            if let dense, let position = free[dense].popLast() {
                return Place(tile: dense, position: Int(position))
            }
            let empty = free.indices.first { free[$0].count == Tick.tileWidth }
            guard let empty else { return nil }
            filling = empty
        }
        return free[filling].popLast().map { Place(tile: filling, position: Int($0)) }
    }

    /// One place more than there were.
    private mutating func append() -> Place {
        let place = Place(number: UInt32(owners.count))
        owners.append(Self.nobody)
        holders.append(0)
        if place.position == 0 {
            filling = live.count
            live.append(0)
            free.append([])
        }
        rowsAreCurrent = false
        return place
    }

    /// The writer's number means nothing any more.
    mutating func retire(_ number: UInt32, last: Int) {
        guard number < members.count, members[Int(number)].series != Self.nobody else { return }
        let member = members[Int(number)]
        members[Int(number)] = .none
        targetsAreCurrent = false
        if member.place == .beside {
            leaveBeside(member.series)
        } else {
            leave(member.place, last: last)
        }
    }

    private mutating func leave(_ place: Place, last: Int) {
        holders[Int(place.number)] -= 1
        guard holders[Int(place.number)] == 0 else { return }
        resting[place] = last
        restingOrder.append((place, last))
        live[place.tile] -= 1
        if live[place.tile] == 0 { rowsAreCurrent = false }
    }

    /// Frees the places whose last tick is before `first`; gives back whose they were.
    mutating func free(before first: Int) -> [(series: UInt32, place: Place)] {
        var freed: [(series: UInt32, place: Place)] = []
        var count = 0
        for (place, tick) in restingOrder {
            guard tick < first else { break }
            count += 1
            // It may have been taken again, or have come to rest again later.
            guard resting[place] == tick else { continue }
            resting[place] = nil
            freed.append((owners[Int(place.number)], place))
            owners[Int(place.number)] = Self.nobody
            free[place.tile].append(UInt8(place.position))
        }
        restingOrder.removeFirst(count)
        return freed
    }

    /// Moves the series of tiles that are more than half dead to new places, so that rows do not
    /// carry the dead along.
    mutating func compact(clock: UInt32, table: inout SeriesTable, last: Int) {
        let thin = Set(live.indices.filter { isThin($0) })
        guard !thin.isEmpty else { return }
        var moved: [Place: Place] = [:]
        for number in members.indices {
            let (series, old) = (members[number].series, members[number].place)
            guard series != Self.nobody, old != .beside, thin.contains(old.tile) else { continue }
            let new = moved[old] ?? fresh(series)
            if moved[old] == nil {
                moved[old] = new
                live[new.tile] += 1
                table.addHome(.init(clock: clock, place: new.number), to: series)
            }
            holders[Int(new.number)] += 1
            members[number].place = new
            leave(old, last: last)
        }
        rowsAreCurrent = false
        targetsAreCurrent = false
    }

    private func isThin(_ tile: Int) -> Bool {
        tile != filling && live[tile] > 0 && live[tile] < Tick.tileWidth / 2
    }

    /// Whether `compact` has something to do.
    var isThin: Bool { live.indices.contains { isThin($0) } }
}

// MARK: Rows

extension Layout {
    /// Which samples of `batch` have the batch's own instant and no place yet.
    func placeless(in batch: borrowing SampleBatch) -> [UInt32] {
        guard !beside.isEmpty else { return [] }
        var numbers: [UInt32] = []
        for index in batch.series.indices where isAtTick(batch, index) {
            let number = batch.series[index]
            if Int(number) < members.count, members[Int(number)].place == .beside {
                numbers.append(number)
            }
        }
        return numbers
    }

    @inline(__always)
    private func isAtTick(_ batch: borrowing SampleBatch, _ index: Int) -> Bool {
        guard !batch.times.isEmpty else { return true }
        let time = batch.times[index]
        return time == SampleBatch.noTime || time == batch.time.milliseconds
    }

    /// The row of `batch`, `Absent` where a place has no sample.
    mutating func row(of batch: borrowing SampleBatch) -> Row {
        if !rowsAreCurrent { layOut() }
        if !(batch.isSameLayout && targetsAreCurrent && batch.times.isEmpty) { aim(batch) }
        precondition(
            targets.count == batch.values.count, "BUG: a batch that is not what it was before")
        var values = [Double](repeating: Absent.value, count: rows.width)
        for index in targets.indices where targets[index] >= 0 {
            let value = batch.values[index]
            values[Int(targets[index])] =
                value.isAbsent ? Double(bitPattern: StaleMarker.ordinaryNaNBits) : value
        }
        return Row(layout: rows, values: values)
    }

    private mutating func layOut() {
        var tiles: [TileRow] = []
        for tile in live.indices where live[tile] > 0 {
            let width = min(Tick.tileWidth, owners.count - tile * Tick.tileWidth)
            tiles.append(TileRow(tile: UInt32(tile), width: width))
        }
        rows = RowLayout(tiles)
        rowsAreCurrent = true
        targetsAreCurrent = false
    }

    private mutating func aim(_ batch: borrowing SampleBatch) {
        targets.removeAll(keepingCapacity: true)
        for index in batch.series.indices {
            let number = Int(batch.series[index])
            guard number < members.count, members[number].series != Self.nobody else {
                preconditionFailure("BUG: a number that was never told")
            }
            let target = isAtTick(batch, index) ? rows.index(of: members[number].place) : nil
            targets.append(target.map { Int32($0) } ?? -1)
        }
        targetsAreCurrent = batch.times.isEmpty
    }
}
