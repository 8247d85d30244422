//go:build !(linux || darwin)

package release_test

func limitFiles(uint64) {}
