package main

import (
	"context"
	"time"
)

const (
	// Short, so that every second of a CPU profile has its share of samples, and the scheduler has nothing to preempt.
	burstEvery = 20 * time.Millisecond
	priceCount = 1 << 20
)

// hashed keeps the compiler from leaving the work out.
var hashed uint64

// burn keeps one core busy for that much of every burst's time.
func burn(ended context.Context, percent int) {
	prices := loadPrices()
	bursts := time.NewTicker(burstEvery)
	defer bursts.Stop()
	for {
		select {
		case <-ended.Done():
			return
		case begun := <-bursts.C:
			serveCart(prices, begun.Add(burstEvery*time.Duration(percent)/100))
		}
	}
}

// loadPrices is what a heap profile shows as in use: 8 MiB.
//
//go:noinline
func loadPrices() []uint64 {
	prices := make([]uint64, priceCount)
	for i := range prices {
		prices[i] = uint64(i) * 2654435761
	}
	return prices
}

//go:noinline
func serveCart(prices []uint64, until time.Time) {
	for time.Now().Before(until) {
		hashed = priceOf(prices, hashed)
	}
}

//go:noinline
func priceOf(prices []uint64, cart uint64) uint64 {
	return hashPrices(prices, cart) % 100_000
}

// hashPrices has all of the work in its own loop: about a millisecond, and no call into the library.
//
//go:noinline
func hashPrices(prices []uint64, hash uint64) uint64 {
	for _, price := range prices {
		hash = (hash ^ price) * 1099511628211
	}
	return hash
}
