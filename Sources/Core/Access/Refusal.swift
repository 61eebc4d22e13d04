public import Model

/// Why a request may not pass.
public enum Refusal: Error, Sendable, Hashable {
    /// It shows no credential.
    case missing
    /// It shows one that is not known.
    case unknown
    /// The credential is no longer good.
    case expired(credential: String)
    /// The credential may not be used from there.
    case place(credential: String)
    /// The credential does not allow this.
    case lacks(Permission, credential: String)
    /// Too many attempts from there have failed.
    case tooManyFailures(wait: TimeSpan)
    /// Too many passwords wait to be checked.
    case busy

    /// A word for metrics and logs.
    public var reason: String {
        switch self {
        case .missing: "missing"
        case .unknown: "unknown"
        case .expired: "expired"
        case .place: "place"
        case .lacks: "permission"
        case .tooManyFailures: "too_many_failures"
        case .busy: "busy"
        }
    }

    /// The name of the credential, where one was recognised.
    public var credential: String? {
        switch self {
        case .missing, .unknown, .tooManyFailures, .busy: nil
        case .expired(let name), .place(let name), .lacks(_, let name): name
        }
    }

    /// The status that HTTP has for it.
    public var status: Int {
        switch self {
        case .missing, .unknown, .expired: 401
        case .place, .lacks: 403
        case .tooManyFailures: 429
        case .busy: 503
        }
    }

    /// What the client is told: enough to set it right, and nothing about other credentials.
    public var message: String {
        switch self {
        case .missing: "a credential is needed"
        case .unknown: "this credential is not known"
        case .expired: "this credential has expired"
        case .place: "this credential may not be used from here"
        case .lacks(let permission, _): "this credential does not have the permission \(permission)"
        case .tooManyFailures: "too many failed attempts; try again later"
        case .busy: "too many passwords are being checked; try again later"
        }
    }

    /// How many seconds to wait before the next try, where that helps.
    public var retryAfterSeconds: Int64? {
        switch self {
        case .tooManyFailures(let wait): max(1, (wait.milliseconds + 999) / 1000)
        case .busy: 1
        default: nil
        }
    }
}
