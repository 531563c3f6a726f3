//go:build !profile

package main

// With a profile all packages are compiled anew: the fewer the better.
func startProfile() func() { return func() {} }
