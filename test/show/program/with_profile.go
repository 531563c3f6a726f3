//go:build profile

package main

import (
	"os"
	"runtime/pprof"
)

// Writes a CPU profile to the file that is the first argument.
func startProfile() func() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
	}
}
