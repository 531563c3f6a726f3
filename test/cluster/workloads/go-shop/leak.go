package main

import (
	"context"
	"time"
)

const (
	leakEvery = 250 * time.Millisecond
	pageBytes = 4096
)

var kept [][]byte

func leak(ended context.Context, bytesPerSecond int) {
	ticks := time.NewTicker(leakEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ended.Done():
			return
		case <-ticks.C:
			keepForever(bytesPerSecond / int(time.Second/leakEvery))
		}
	}
}

//go:noinline
func keepForever(size int) {
	fresh := make([]byte, size)
	// The kernel counts a page once it is written to.
	for at := 0; at < size; at += pageBytes {
		fresh[at] = 1
	}
	kept = append(kept, fresh)
}
