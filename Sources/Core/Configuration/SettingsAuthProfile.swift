import YAML

/// `auth_profiles`: how a target is asked, under a name that the label `__auth_profile__` picks.
enum AuthProfile {
    static let table = YAMLTable<HTTPClientConfig>(
        "auth_profile", "How a target is asked: the fields of `http_config`, with credentials.",
        make: { HTTPClientConfig() }
    ) { http, block, decoding in
        HTTPClientConfig.check(&http, block, &decoding)
        let ways = [
            "basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file",
            "http_headers", "tls_config",
        ]
        guard block.present(ways).isEmpty else { return }
        decoding.error(
            "the profile has no credentials",
            "write basic_auth, authorization, oauth2, http_headers or tls_config", at: block.mark)
    } fields: {
        HTTPClientConfig.table.fields
    }
}
