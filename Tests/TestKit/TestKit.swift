// TestKit: what tests share: neighbours from Debian's packages, folders of their own, test data.
// Everything that is started here ends with the test, also with one that fails.
