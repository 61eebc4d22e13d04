// TestKit: what tests share.
