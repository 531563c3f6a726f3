package main

import (
	"crypto/sha256"
	"log"
	"net/http"
	_ "net/http/pprof"
	"time"
)

func main() {
	// On a port of its own, so that nobody outside sees it.
	go func() { log.Fatal(http.ListenAndServe(":6060", nil)) }()
	var cart [][]byte
	for sum := sha256.Sum256(nil); ; sum = sha256.Sum256(sum[:]) {
		if sum[0] == 0 && sum[1] == 0 {
			cart = append(cart[len(cart)/1000:], make([]byte, 4096))
			time.Sleep(time.Millisecond)
		}
	}
}
