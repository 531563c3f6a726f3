package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"syscall"
)

// burn says where it listens in its first line, and on /cpu how many nanoseconds it has used so far. It ends with its
// stdin, so that it does not outlive a test that broke off.
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
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	go spin()
	return http.Serve(listener, nil)
}

var turns uint64

func spin() {
	for {
		turns++
	}
}
