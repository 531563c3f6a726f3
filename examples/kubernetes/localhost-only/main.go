package main

import (
	"crypto/sha256"
	"log"
	"net/http"
	_ "net/http/pprof"
	"time"
)

func main() {
	// As much advice says one should: nobody outside of the pod gets there.
	go func() { log.Fatal(http.ListenAndServe("localhost:6060", nil)) }()
	var prices [][]byte
	for sum := sha256.Sum256(nil); ; sum = sha256.Sum256(sum[:]) {
		if sum[0] == 0 && sum[1] == 0 {
			prices = append(prices[len(prices)/1000:], make([]byte, 4096))
			time.Sleep(time.Millisecond)
		}
	}
}
