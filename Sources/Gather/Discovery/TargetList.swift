import JSON
import Model
import YAML

/// Lists of targets as files and servers give them: groups with `targets` and `labels`.
enum TargetList {
    /// What is said of a list that is none.
    typealias Fault = DiscoveryError

    /// The groups of a JSON text; `place` is its file or URL, which also names the groups.
    static func json(
        _ bytes: [UInt8], place: String, label: Label
    ) throws(Fault) -> [TargetGroup] {
        let value: JSONValue
        do throws(JSONError) { value = try JSONReader.read(bytes) } catch {
            throw .badList(place: place, reason: error.description)
        }
        // Nothing at all is what a list without entries is to Go.
        if value.isNull { return [] }
        guard case .array(let entries) = value else {
            throw .badList(
                place: place, reason: "this is \(value.kindInWords), not a list of groups")
        }
        var groups: [TargetGroup] = []
        groups.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            do throws(ListFault) {
                groups.append(try group(entry, source: "\(place):\(index)", label: label))
            } catch { throw .badList(place: place, reason: "group \(index): \(error.reason)") }
        }
        return groups
    }

    /// The groups of a YAML text.
    static func yaml(
        _ bytes: [UInt8], place: String, label: Label
    ) throws(Fault) -> [TargetGroup] {
        let root: YAMLNode?
        do throws(YAMLError) { root = try YAMLReader.read(bytes, file: place).root } catch {
            throw .badList(place: place, reason: "\(error)")
        }
        guard let root, !root.isNull else { return [] }
        guard case .list(let entries) = root.content else {
            throw .badList(
                place: place, reason: "this is \(root.kindInWords), not a list of groups")
        }
        var groups: [TargetGroup] = []
        groups.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            do throws(ListFault) {
                groups.append(try group(entry, source: "\(place):\(index)", label: label))
            } catch {
                throw .badList(
                    place: "\(place):\(entry.mark.line)", reason: "group \(index): \(error.reason)")
            }
        }
        return groups
    }

    private struct ListFault: Error { let reason: String }

    // MARK: One group

    private static func group(
        _ entry: JSONValue, source: String, label: Label
    ) throws(ListFault) -> TargetGroup {
        guard case .object(let members) = entry else {
            throw ListFault(reason: "\(entry.kindInWords), not an object with targets")
        }
        var targets: [Labels] = []
        var labels: [Label] = []
        for member in members where !member.value.isNull {
            switch (member.name, member.value) {
            case ("targets", .array(let addresses)):
                for address in addresses {
                    guard let text = address.text else {
                        throw ListFault(reason: "a target is \(address.kindInWords), not a text")
                    }
                    targets.append(target(text))
                }
            case ("labels", .object(let pairs)):
                for pair in pairs {
                    guard let text = pair.value.text else {
                        throw ListFault(
                            reason:
                                "the label \(pair.name) is \(pair.value.kindInWords), not a text")
                    }
                    labels.append(try checked(pair.name, text))
                }
            case ("targets", let value):
                throw ListFault(reason: "targets is \(value.kindInWords), not a list")
            case ("labels", let value):
                throw ListFault(reason: "labels is \(value.kindInWords), not an object")
            default: throw unknown(member.name)
            }
        }
        return TargetGroup(source: source, targets: targets, labels: Labels(labels + [label]))
    }

    private static func group(
        _ entry: YAMLNode, source: String, label: Label
    ) throws(ListFault) -> TargetGroup {
        guard case .map(let members) = entry.content else {
            throw ListFault(reason: "\(entry.kindInWords), not a map with targets")
        }
        var targets: [Labels] = []
        var labels: [Label] = []
        for member in members where !member.value.isNull {
            switch (member.name, member.value.content) {
            case ("targets", .list(let addresses)):
                for address in addresses {
                    guard case .scalar(let scalar) = address.content else {
                        throw ListFault(reason: "a target is \(address.kindInWords), not a text")
                    }
                    targets.append(target(scalar.text))
                }
            case ("labels", .map(let pairs)):
                for pair in pairs {
                    guard case .scalar(let scalar) = pair.value.content else {
                        throw ListFault(
                            reason:
                                "the label \(pair.name) is \(pair.value.kindInWords), not a text")
                    }
                    labels.append(try checked(pair.name, scalar.isNull ? "" : scalar.text))
                }
            case ("targets", _):
                throw ListFault(reason: "targets is \(member.value.kindInWords), not a list")
            case ("labels", _):
                throw ListFault(reason: "labels is \(member.value.kindInWords), not a map")
            default: throw unknown(member.name)
            }
        }
        return TargetGroup(source: source, targets: targets, labels: Labels(labels + [label]))
    }

    private static func target(_ address: String) -> Labels {
        Labels([Label(LabelName.address, address)])
    }

    private static func checked(_ name: String, _ value: String) throws(ListFault) -> Label {
        guard NameScheme.utf8.allows(labelName: name) else {
            throw ListFault(reason: "a label has no name")
        }
        return Label(name, value)
    }

    private static func unknown(_ name: String) -> ListFault {
        ListFault(
            reason: "unknown field \(Labels.quoted(name)); only targets and labels may stand here")
    }
}
