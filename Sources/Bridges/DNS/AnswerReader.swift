import CAres
import Glibc

extension DNSRecord.Kind {
    /// The kind's number in the protocol.
    var code: Int32 {
        switch self {
        case .a: 1
        case .aaaa: 28
        case .srv: 33
        case .mx: 15
        case .ns: 2
        }
    }
}

/// Reads the records out of an answer, through c-ares's own parsers.
struct AnswerReader {
    let bytes: UnsafeMutablePointer<UInt8>
    let length: Int32

    // More addresses than this do not fit into an answer of 64 KiB.
    private static let mostAddresses = 4096

    /// Appends the records of `kind`, and gives back c-ares's status.
    func read(_ kind: DNSRecord.Kind, into records: inout [DNSRecord]) -> Int32 {
        switch kind {
        case .a: addresses(into: &records)
        case .aaaa: addresses6(into: &records)
        case .srv: services(into: &records)
        case .mx: mailServers(into: &records)
        case .ns: nameServers(into: &records)
        }
    }

    private func addresses(into records: inout [DNSRecord]) -> Int32 {
        var found = [ares_addrttl](repeating: ares_addrttl(), count: Self.mostAddresses)
        var count = Int32(found.count)
        let status = ares_parse_a_reply(bytes, length, nil, &found, &count)
        guard status == ARES_SUCCESS else { return status }
        for one in found[..<Int(count)] {
            var address = one.ipaddr
            records.append(.address(Self.text(AF_INET, &address)))
        }
        return status
    }

    private func addresses6(into records: inout [DNSRecord]) -> Int32 {
        var found = [ares_addr6ttl](repeating: ares_addr6ttl(), count: Self.mostAddresses)
        var count = Int32(found.count)
        let status = ares_parse_aaaa_reply(bytes, length, nil, &found, &count)
        guard status == ARES_SUCCESS else { return status }
        for one in found[..<Int(count)] {
            var address = one.ip6addr
            records.append(.address(Self.text(AF_INET6, &address)))
        }
        return status
    }

    private func services(into records: inout [DNSRecord]) -> Int32 {
        var list: UnsafeMutablePointer<ares_srv_reply>?
        let status = ares_parse_srv_reply(bytes, length, &list)
        defer { if let list { ares_free_data(list) } }
        var next = list
        while let one = next {
            let target = String(cString: one.pointee.host)
            records.append(.service(target: target, port: Int(one.pointee.port)))
            next = one.pointee.next
        }
        return status
    }

    private func mailServers(into records: inout [DNSRecord]) -> Int32 {
        var list: UnsafeMutablePointer<ares_mx_reply>?
        let status = ares_parse_mx_reply(bytes, length, &list)
        defer { if let list { ares_free_data(list) } }
        var next = list
        while let one = next {
            records.append(.mailServer(String(cString: one.pointee.host)))
            next = one.pointee.next
        }
        return status
    }

    private func nameServers(into records: inout [DNSRecord]) -> Int32 {
        var host: UnsafeMutablePointer<hostent>?
        let status = ares_parse_ns_reply(bytes, length, &host)
        defer { if let host { ares_free_hostent(host) } }
        var next = host?.pointee.h_aliases
        while let name = next?.pointee {
            records.append(.nameServer(String(cString: name)))
            next = next?.successor()
        }
        return status
    }

    private static func text(_ family: Int32, _ address: UnsafeRawPointer) -> String {
        var text = [CChar](repeating: 0, count: 64)
        inet_ntop(family, address, &text, socklen_t(text.count))
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
