// A stand-in for the proxy of a service mesh: it holds a port of its pod from outside and, as strict mutual TLS does,
// resets a connection that begins in plaintext, unless the port is excluded from the mesh.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	log.SetFlags(0)
	hold := flag.String("hold", "", "the pod's own `address` that is held, such as 10.244.0.7:6060")
	app := flag.String("app", "127.0.0.1:6060", "`address` at which the program listens")
	excluded := flag.String("excluded", "", "`ports` that are let through as they are, with commas between")
	ready := flag.String("ready", ":15021", "serve /healthz/ready at this `address`")
	flag.Parse()

	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	_, port, err := net.SplitHostPort(*hold)
	if err != nil {
		log.Fatalf("read flag hold: %v, want HOST:PORT", err)
	}
	take := refuse
	if isListed(*excluded, port) {
		take = func(outside net.Conn) { pass(outside, *app) }
	}
	listener, err := net.Listen("tcp", *hold)
	if err != nil {
		log.Fatalf("hold the port: %v", err)
	}
	log.Printf("holds %s; excluded from the mesh: %q", listener.Addr(), *excluded)
	go accept(listener, take)
	go serveReadiness(*ready)
	<-ended.Done()
}

func isListed(ports, port string) bool {
	return slices.ContainsFunc(strings.Split(ports, ","), func(each string) bool { return strings.TrimSpace(each) == port })
}

func serveReadiness(address string) {
	ready := http.NewServeMux()
	ready.HandleFunc("/healthz/ready", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
	log.Fatal(http.ListenAndServe(address, ready))
}

func accept(listener net.Listener, take func(net.Conn)) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatalf("accept: %v", err)
		}
		go take(connection)
	}
}

// refuse waits for the first bytes, which show that they are no TLS, and resets. There are no certificates here, so
// that TLS is refused as well.
func refuse(outside net.Conn) {
	first := make([]byte, 5)
	_, _ = io.ReadFull(outside, first)
	// Closing with nothing to wait for sends a reset instead of an orderly end.
	_ = outside.(*net.TCPConn).SetLinger(0)
	_ = outside.Close()
}

// pass is what the mesh's rules do for a port that is excluded: the program gets the connection as it came.
func pass(outside net.Conn, app string) {
	defer outside.Close()
	inside, err := net.Dial("tcp", app)
	if err != nil {
		return
	}
	defer inside.Close()
	// The program ends a connection, or whoever opened it does: either way both are closed.
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{inside, outside}, {outside, inside}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}
