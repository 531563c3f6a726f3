// A shop that is profiled: it serves pprof, burns CPU and leaks memory, as its flags say.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0)
	var pprofAddresses []string
	flag.Func("pprof", "serve pprof at this `address`; may be repeated", func(address string) error {
		pprofAddresses = append(pprofAddresses, address)
		return nil
	})
	httpAddress := flag.String("http", "", "serve /healthz at this `address`")
	burnPercent := flag.Int("burn", 0, "`percent` of one core to burn")
	leakPerSecond := flag.Int("leak", 0, "`bytes` to keep for good every second")
	flag.Parse()
	if flag.NArg() > 0 || *burnPercent < 0 || *burnPercent > 100 || *leakPerSecond < 0 {
		log.Fatalf("read flags: burn is %d, leak is %d, beside them %q; want 0 to 100, 0 or more, and nothing",
			*burnPercent, *leakPerSecond, flag.Args())
	}

	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	for _, address := range pprofAddresses {
		serve("pprof", address, http.DefaultServeMux)
	}
	if *httpAddress != "" {
		health := http.NewServeMux()
		health.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
		serve("health", *httpAddress, health)
	}
	if *burnPercent > 0 {
		go burn(ended, *burnPercent)
	}
	if *leakPerSecond > 0 {
		go leak(ended, *leakPerSecond)
	}
	<-ended.Done()
}

// serve listens before it returns, so that a port that is taken ends the program.
func serve(what, address string, handler http.Handler) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatalf("serve %s: %v", what, err)
	}
	log.Printf("serves %s at http://%s", what, listener.Addr())
	go func() { log.Fatal(http.Serve(listener, handler)) }()
}
