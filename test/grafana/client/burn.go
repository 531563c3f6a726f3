package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"syscall"
)

// burn says where it listens in its first line, and on /cpu how many nanoseconds it has used so far.
func burn(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	http.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, usage.Utime.Nano()+usage.Stime.Nano())
	})
	fmt.Println(listener.Addr())
	go spin()
	return http.Serve(listener, nil)
}

var turns uint64

func spin() {
	for {
		turns++
	}
}
