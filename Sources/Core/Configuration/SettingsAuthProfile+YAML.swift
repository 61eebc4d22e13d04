import YAML

extension Settings.AuthProfile {
    static let table = YAMLTable<Self>(
        "auth_profile", "One way to show a target who asks.", make: { Self() }
    ) { _, block, decoding in
        let ways = block.present(["basic_auth", "authorization", "oauth2"])
        guard ways.count != 1 else { return }
        decoding.error(
            ways.isEmpty
                ? "the profile has no credentials"
                : "the profile has both \(ways.joined(separator: " and "))",
            "write one of basic_auth, authorization and oauth2", at: block.mark)
    } fields: {
        YAMLField("basic_auth", \.basic, Settings.Basic.table.codec, "A name and a password.")
        YAMLField(
            "authorization", \.authorization, Settings.Authorization.table.codec,
            "A fixed header.")
        YAMLField(
            "oauth2", \.oauth2, Settings.OAuth2.table.codec,
            "Tokens that are asked for with client credentials.")
    }
}

extension Settings.Basic {
    static let table = YAMLTable<Self>("basic_auth", "A name and a password.", make: { Self() }) {
        _, block, decoding in
        decoding.refuseBoth("password", "password_file", of: block)
    } fields: {
        YAMLField("username", \.username, .text, required: true, "The user.")
        YAMLField("password", \.password, SettingsValues.secret, "The password.")
        YAMLField(
            "password_file", \.passwordFile, .text("path"),
            "The file that holds it, read again when used.")
    }
}

extension Settings.Authorization {
    static let table = YAMLTable<Self>("authorization", "A fixed header.", make: { Self() }) {
        _, block, decoding in
        decoding.refuseBoth("credentials", "credentials_file", of: block)
    } fields: {
        YAMLField("type", \.type, .text, "What stands before the credentials.")
        YAMLField("credentials", \.credentials, SettingsValues.secret, "The credentials.")
        YAMLField(
            "credentials_file", \.credentialsFile, .text("path"),
            "The file that holds them, read again when used.")
    }
}

extension Settings.OAuth2 {
    static let table = YAMLTable<Self>(
        "oauth2", "The client credentials of OAuth2.", make: { Self() }
    ) { _, block, decoding in
        decoding.refuseBoth("client_secret", "client_secret_file", of: block)
    } fields: {
        YAMLField("client_id", \.clientID, .text, required: true, "Who asks.")
        YAMLField("client_secret", \.clientSecret, SettingsValues.secret, "The secret.")
        YAMLField(
            "client_secret_file", \.clientSecretFile, .text("path"),
            "The file that holds it, read again when used.")
        YAMLField(
            "token_url", \.tokenURL, .text("URL"), required: true, "Where tokens are asked for.")
        YAMLField("scopes", \.scopes, .list(.text), "What the token shall allow.")
        YAMLField(
            "endpoint_params", \.endpointParameters, .map(.text), "More parameters of the request.")
    }
}

extension YAMLDecoding {
    /// Notes an error where a secret and its file are both given.
    fileprivate mutating func refuseBoth(_ one: String, _ other: String, of block: YAMLBlock) {
        guard block.present([one, other]).count == 2 else { return }
        error(
            "\(block.name) has both \(one) and \(other)", "remove one of them",
            at: block.mark(of: other))
    }
}
