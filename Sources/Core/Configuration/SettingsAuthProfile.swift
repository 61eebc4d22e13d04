extension Settings {
    /// One way to show a target who asks; discovery picks it with `__auth_profile__`.
    public struct AuthProfile: Sendable, Hashable {
        /// A name and a password.
        public var basic: Basic?
        /// A fixed header.
        public var authorization: Authorization?
        /// Tokens of an identity provider.
        public var oauth2: OAuth2?
    }

    /// A name and a password.
    public struct Basic: Sendable, Hashable {
        /// The user.
        public var username = ""
        /// The password, in plain.
        public var password = Secret("")
        /// The file that holds it.
        public var passwordFile = ""
    }

    /// A fixed `Authorization` header.
    public struct Authorization: Sendable, Hashable {
        /// What stands before the credentials.
        public var type = "Bearer"
        /// The credentials, in plain.
        public var credentials = Secret("")
        /// The file that holds them.
        public var credentialsFile = ""
    }

    /// The client credentials of OAuth2.
    public struct OAuth2: Sendable, Hashable {
        /// Who asks.
        public var clientID = ""
        /// The secret, in plain.
        public var clientSecret = Secret("")
        /// The file that holds it.
        public var clientSecretFile = ""
        /// Where tokens are asked for.
        public var tokenURL = ""
        /// What the token shall allow.
        public var scopes: [String] = []
        /// More parameters of the request.
        public var endpointParameters: [String: String] = [:]
    }
}
